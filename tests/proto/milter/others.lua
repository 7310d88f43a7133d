-- Mail for somebody else: done with at DATA.
dofile(folder .. "/common.lua")
begin("203.0.113.66", "<x@else.example>", "<a@world.example>")
check(mt.data(conn), "data")
want(SMFIR_ACCEPT)
mt.disconnect(conn)
