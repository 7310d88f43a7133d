-- 001-initial.sql - the first schema
--
-- Portable to SQLite and PostgreSQL: keys are 63-bit numbers made by the
-- program (base/ids.h), times are UTC milliseconds with 0 for "never",
-- yes/no is 1 or 0, names of states are words, a text that is not there is
-- '' and a reference that is not there is NULL. BYTEA is PostgreSQL's name
-- for bytes; SQLite takes any. Full-text search is made by search.c.

-- Which migrations have run on this database.
CREATE TABLE schema_version (
	version BIGINT NOT NULL PRIMARY KEY, -- number of the migration
	applied BIGINT NOT NULL, -- when
	program TEXT NOT NULL -- version of the program that ran it
);

-- Bytes by their digest: raw messages, attachments, outgoing mail.
CREATE TABLE blob (
	sha256 TEXT NOT NULL PRIMARY KEY, -- 64 lower-case hex digits
	size BIGINT NOT NULL, -- bytes
	data BYTEA, -- the bytes, NULL if they are a file of blob_dir
	created BIGINT NOT NULL -- when first put
);

-- Departments (setores): whom mail can be written to.
CREATE TABLE department (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	name TEXT NOT NULL UNIQUE, -- "suporte", for commands and logs
	title TEXT NOT NULL, -- "Suporte", for people
	accept TEXT NOT NULL, -- registered, replies or anyone
	unproven TEXT NOT NULL, -- hold, accept or reject
	language TEXT NOT NULL, -- pt_BR, en, es; '' = the site's
	html SMALLINT NOT NULL, -- outgoing mail has simple HTML too
	acknowledge SMALLINT NOT NULL, -- sends acknowledgements
	active SMALLINT NOT NULL -- takes mail
);

-- The addresses of departments.
CREATE TABLE department_address (
	address TEXT NOT NULL PRIMARY KEY, -- key, without extension
	department_id BIGINT NOT NULL REFERENCES department (id), -- whose it is
	position BIGINT NOT NULL -- order; the lowest one sends
);
CREATE INDEX department_address_department
	ON department_address (department_id);

-- Customers: accounts of the provider.
CREATE TABLE customer (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	code TEXT NOT NULL, -- the provider's own number
	name TEXT NOT NULL, -- company or person
	name_folded TEXT NOT NULL, -- without case and accents, to find it by
	language TEXT NOT NULL, -- '' = the department's
	active SMALLINT NOT NULL, -- 0: treated as unknown
	created BIGINT NOT NULL -- when
);
CREATE UNIQUE INDEX customer_code ON customer (code) WHERE code <> '';

-- Who may write for a customer.
CREATE TABLE contact (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	customer_id BIGINT NOT NULL REFERENCES customer (id), -- for whom
	address TEXT NOT NULL UNIQUE, -- key
	name TEXT NOT NULL, -- for people
	role TEXT NOT NULL, -- owner (the registered login) or additional
	login TEXT NOT NULL, -- SASL login, '' = the address
	active SMALLINT NOT NULL, -- 0: treated as unknown
	bounced BIGINT NOT NULL -- last permanent bounce of mail to it
);
CREATE INDEX contact_customer ON contact (customer_id);
CREATE UNIQUE INDEX contact_owner ON contact (customer_id)
	WHERE role = 'owner';
CREATE UNIQUE INDEX contact_login ON contact (login) WHERE login <> '';

-- What a customer bought.
CREATE TABLE service (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	customer_id BIGINT NOT NULL REFERENCES customer (id), -- who bought it
	kind TEXT NOT NULL, -- hosting, domain, ...
	label TEXT NOT NULL, -- for people
	domain TEXT NOT NULL, -- A-labels, lower case
	active SMALLINT NOT NULL -- 0: not any more
);
CREATE INDEX service_customer ON service (customer_id);
CREATE INDEX service_domain ON service (domain) WHERE domain <> '';

-- The networks of a service.
CREATE TABLE service_range (
	service_id BIGINT NOT NULL REFERENCES service (id), -- whose range
	position BIGINT NOT NULL, -- order as given
	cidr TEXT NOT NULL, -- "192.0.2.0/24"
	PRIMARY KEY (service_id, position)
);

-- Staff (atendentes).
CREATE TABLE staff (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	login TEXT NOT NULL UNIQUE, -- for commands and the panel
	name TEXT NOT NULL, -- for people
	address TEXT NOT NULL UNIQUE, -- key
	language TEXT NOT NULL, -- '' = the site's
	admin SMALLINT NOT NULL, -- may change registry and settings
	active SMALLINT NOT NULL, -- 0: has left
	notify SMALLINT NOT NULL -- wants notices of new messages
);

-- Which staff answer for which department.
CREATE TABLE staff_department (
	staff_id BIGINT NOT NULL REFERENCES staff (id), -- who
	department_id BIGINT NOT NULL REFERENCES department (id), -- for which
	PRIMARY KEY (staff_id, department_id)
);
CREATE INDEX staff_department_department
	ON staff_department (department_id);

-- Tickets (chamados).
CREATE TABLE ticket (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	ref TEXT NOT NULL UNIQUE, -- "VIA-7K3Q9MX", what people see
	department_id BIGINT NOT NULL REFERENCES department (id), -- where it is now
	customer_id BIGINT REFERENCES customer (id), -- NULL: not registered
	requester TEXT NOT NULL, -- key of who opened it
	subject TEXT NOT NULL, -- without prefixes and token
	status TEXT NOT NULL, -- open, answered, ... (ticket.c)
	priority TEXT NOT NULL, -- low, medium, high
	service_id BIGINT REFERENCES service (id), -- what it is about
	assignee BIGINT REFERENCES staff (id), -- who works on it
	created BIGINT NOT NULL, -- when it was opened
	updated BIGINT NOT NULL, -- last change or message
	closed BIGINT NOT NULL, -- when it was closed
	version BIGINT NOT NULL -- grows with every change of this row
);
CREATE INDEX ticket_updated ON ticket (updated, id);
CREATE INDEX ticket_unclosed ON ticket (updated, id)
	WHERE status <> 'closed';
CREATE INDEX ticket_customer ON ticket (customer_id, updated, id);
CREATE INDEX ticket_assignee ON ticket (assignee, updated, id);
CREATE INDEX ticket_department ON ticket (department_id, updated, id);
CREATE INDEX ticket_service ON ticket (service_id);

-- Who may write to a ticket and reads it.
CREATE TABLE participant (
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- in which ticket
	address TEXT NOT NULL, -- key
	name TEXT NOT NULL, -- for people
	role TEXT NOT NULL, -- owner, contact, copy or reporter
	added BIGINT NOT NULL, -- when
	PRIMARY KEY (ticket_id, address)
);
CREATE INDEX participant_address ON participant (address);

-- The entries of a ticket.
CREATE TABLE message (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- of which ticket
	author TEXT NOT NULL, -- customer, staff, note or event
	address TEXT NOT NULL, -- key of who wrote, '' for events
	name TEXT NOT NULL, -- as the registry knows the author
	staff_id BIGINT REFERENCES staff (id), -- which staff member wrote
	channel TEXT NOT NULL, -- mail, cli, panel, system
	kind TEXT NOT NULL, -- human, bounce, ... of mail
	message_id TEXT NOT NULL, -- Message-ID with <>
	subject TEXT NOT NULL, -- as it came
	raw TEXT REFERENCES blob (sha256), -- the original bytes
	auth TEXT NOT NULL, -- what authentication said, one line
	client_ip TEXT NOT NULL, -- who delivered it
	queue_id TEXT NOT NULL, -- name of the message in the MTA's log
	sent BIGINT NOT NULL, -- the Date field
	created BIGINT NOT NULL, -- when it came
	warnings BIGINT NOT NULL, -- bits of mail/mail.h: what was odd
	text TEXT NOT NULL, -- all of it; the long columns stand last
	text_trimmed TEXT NOT NULL, -- without quotes and signature
	html TEXT NOT NULL -- as it came, not made safe
);
CREATE INDEX message_ticket ON message (ticket_id, created, id);
CREATE INDEX message_raw ON message (raw);

-- Parts of a message that are files.
CREATE TABLE attachment (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	message_id BIGINT NOT NULL REFERENCES message (id), -- of which message
	filename TEXT NOT NULL, -- made safe
	content_type TEXT NOT NULL, -- "image/png"
	content_id TEXT NOT NULL, -- by which HTML names it
	is_inline SMALLINT NOT NULL, -- shown in the text
	size BIGINT NOT NULL, -- bytes
	blob TEXT NOT NULL REFERENCES blob (sha256) -- the bytes
);
CREATE INDEX attachment_message ON attachment (message_id);
CREATE INDEX attachment_blob ON attachment (blob);

-- Message-IDs made by others, for threading.
CREATE TABLE foreign_id (
	message_id TEXT NOT NULL, -- with <>
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- the ticket known by it
	id BIGINT NOT NULL, -- order: the lowest ticket keeps the Message-ID
	PRIMARY KEY (message_id, ticket_id)
);
CREATE INDEX foreign_id_ticket ON foreign_id (ticket_id);

-- What was delivered already, so that a redelivery makes nothing new.
CREATE TABLE delivery (
	delivery_key TEXT NOT NULL PRIMARY KEY, -- "<message>/<department>"
	message_key TEXT NOT NULL, -- the part before the last "/"
	answer TEXT NOT NULL, -- text behind 250
	id BIGINT NOT NULL -- order
);
CREATE INDEX delivery_message ON delivery (message_key, id);

-- Messages that wait for confirmation or for staff.
CREATE TABLE held (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	department_id BIGINT NOT NULL REFERENCES department (id), -- for whom
	address TEXT NOT NULL, -- key of the alleged author
	recipient TEXT NOT NULL, -- key with extension
	mail_from TEXT NOT NULL, -- envelope sender
	subject TEXT NOT NULL, -- as it came
	message_id TEXT NOT NULL, -- with <>
	reason TEXT NOT NULL, -- why, one sentence
	auth TEXT NOT NULL, -- what authentication said
	client_ip TEXT NOT NULL, -- who delivered it
	queue_id TEXT NOT NULL, -- name of the message in the MTA's log
	raw TEXT REFERENCES blob (sha256), -- the original bytes
	parsed TEXT REFERENCES blob (sha256), -- the same, parsed
	delivery_key TEXT NOT NULL, -- as in delivery
	created BIGINT NOT NULL, -- when it came
	state TEXT NOT NULL, -- waiting, released, discarded, expired
	decided BIGINT NOT NULL, -- when it left "waiting"
	decided_by TEXT NOT NULL, -- staff login or address
	ticket TEXT NOT NULL -- ref it went to
);
CREATE INDEX held_state ON held (state, created, id);
CREATE INDEX held_created ON held (created, id);
CREATE INDEX held_department ON held (department_id);
CREATE INDEX held_raw ON held (raw);
CREATE INDEX held_parsed ON held (parsed);

-- Mail that must go out, one row a recipient.
CREATE TABLE outbox (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	ticket_id BIGINT REFERENCES ticket (id), -- about which ticket
	message_id BIGINT REFERENCES message (id), -- the entry it carries
	kind TEXT NOT NULL, -- ack, reply, notice_new, ...
	recipient TEXT NOT NULL, -- key
	sender TEXT NOT NULL, -- envelope sender, '' = null
	header_id TEXT NOT NULL, -- Message-ID with <>
	subject TEXT NOT NULL, -- for lists
	blob TEXT NOT NULL REFERENCES blob (sha256), -- the message
	state TEXT NOT NULL, -- queued, sent, failed, cancelled, bounced
	created BIGINT NOT NULL, -- when it was written
	next_attempt BIGINT NOT NULL, -- not before
	attempts BIGINT NOT NULL, -- begun so far
	last_reply TEXT NOT NULL, -- of the mail server, or our error
	sent BIGINT NOT NULL, -- when the mail server took it
	lease_owner TEXT NOT NULL, -- the notifier that has it
	lease_until BIGINT NOT NULL -- then anyone may take it
);
CREATE INDEX outbox_due ON outbox (state, next_attempt, id);
CREATE INDEX outbox_recipient ON outbox (recipient, created);
CREATE INDEX outbox_created ON outbox (created, id);
CREATE INDEX outbox_state ON outbox (state, created, id);
CREATE INDEX outbox_ticket ON outbox (ticket_id, created, id);
CREATE INDEX outbox_message ON outbox (message_id);
CREATE INDEX outbox_blob ON outbox (blob);

-- Who did what; rows are only ever added.
CREATE TABLE audit (
	id BIGINT NOT NULL PRIMARY KEY, -- also the order of the chain
	time BIGINT NOT NULL, -- when
	actor TEXT NOT NULL, -- login, address or "system"
	action TEXT NOT NULL, -- a word
	object TEXT NOT NULL, -- "ticket VIA-7K3Q9MX"
	detail TEXT NOT NULL, -- free text
	hash TEXT NOT NULL -- over this row and the hash before (audit.c)
);
CREATE INDEX audit_object ON audit (object, id);
