-- What the scripts for miltertest share. Given with -D: socket, folder.
function check(result, what)
	if result ~= nil then
		error(what .. " failed: " .. result)
	end
end

function want(reply)
	local got = mt.getreply(conn)
	if got ~= reply then
		error("reply " .. got .. ", not " .. reply)
	end
end

function header(name, value)
	check(mt.header(conn, name, value), "header")
end

function begin(client, sender, recipient)
	conn = mt.connect(socket)
	if conn == nil then
		error("cannot connect")
	end
	check(mt.conninfo(conn, "client.example", client), "conninfo")
	check(mt.helo(conn, "mail.cliente.example"), "helo")
	check(mt.mailfrom(conn, sender), "mailfrom")
	check(mt.rcptto(conn, recipient), "rcptto")
	want(SMFIR_CONTINUE)
end
