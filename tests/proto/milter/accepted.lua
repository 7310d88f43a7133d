-- A proven contact: two fields are inserted, what claims to be ours is deleted.
dofile(folder .. "/common.lua")
begin("192.0.2.10", "<ze@cliente.example>", "<suporte@desk.example>")
check(mt.data(conn), "data")
want(SMFIR_CONTINUE)
header("X-Portaria-Seal", " v=1")
header("From", " ze@cliente.example")
header("Subject", " Ajuda")
check(mt.eoh(conn), "eoh")
want(SMFIR_CONTINUE)
check(mt.bodystring(conn, "Bom dia.\r\n"), "body")
check(mt.eom(conn), "eom")
want(SMFIR_CONTINUE)
if not mt.eom_check(conn, MT_HDRINSERT, "X-Portaria-Seal") then
	error("no seal")
end
if not mt.eom_check(conn, MT_HDRINSERT, "Authentication-Results") then
	error("no Authentication-Results")
end
if not mt.eom_check(conn, MT_HDRDELETE, "X-Portaria-Seal") then
	error("the false seal stays")
end
mt.disconnect(conn)
