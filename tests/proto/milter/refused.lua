-- A stranger at the end of the header, a forged contact at the end.
dofile(folder .. "/common.lua")
begin("203.0.113.66", "<x@else.example>", "<suporte@desk.example>")
check(mt.data(conn), "data")
want(SMFIR_CONTINUE)
header("From", " x@else.example")
check(mt.eoh(conn), "eoh")
want(SMFIR_REPLYCODE)
mt.disconnect(conn)

begin("203.0.113.66", "<ze@cliente.example>", "<suporte@desk.example>")
check(mt.data(conn), "data")
header("From", " ze@cliente.example")
check(mt.eoh(conn), "eoh")
want(SMFIR_CONTINUE)
check(mt.eom(conn), "eom")
want(SMFIR_REPLYCODE)
-- miltertest reads the text of replies of one line only; ours has three.
mt.disconnect(conn)
