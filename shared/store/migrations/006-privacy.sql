-- 006-privacy.sql - why messages wait, grades, and who was erased

-- Held messages are counted by why they wait, and found by their author.
ALTER TABLE held ADD COLUMN cause TEXT NOT NULL DEFAULT ''; -- a word (desk/hold.c)
CREATE INDEX held_address ON held (address);

-- Whether a department asks how it did, once a ticket is closed; and whom
-- nobody asks.
ALTER TABLE department ADD COLUMN satisfaction SMALLINT NOT NULL DEFAULT 0; -- 1: it asks
ALTER TABLE department ADD COLUMN satisfaction_since BIGINT NOT NULL DEFAULT 0; -- about tickets closed from then on
ALTER TABLE contact ADD COLUMN no_grades SMALLINT NOT NULL DEFAULT 0; -- 1: is never asked

-- The question about a ticket that was closed, and its answer: one row for
-- each time that it was closed.
CREATE TABLE survey (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new(); in signed addresses
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- about which ticket
	department_id BIGINT NOT NULL REFERENCES department (id), -- that closed it
	closed BIGINT NOT NULL, -- ticket.closed then
	address TEXT NOT NULL, -- key of who was asked, '' nobody
	asked BIGINT NOT NULL, -- when
	answers BIGINT NOT NULL, -- mails that came, counted or not
	grade BIGINT NOT NULL, -- 1 (bad) to 5 (good), 0: none yet
	first BIGINT NOT NULL, -- when the first grade came, 0: not yet
	graded BIGINT NOT NULL, -- when the one that counts came
	UNIQUE (ticket_id, closed)
);
CREATE INDEX survey_department ON survey (department_id, asked);

-- Whom an erasure or an export is about; filled and emptied by one
-- transaction (erase.c), so that others see it empty.
CREATE TABLE erasure (
	kind TEXT NOT NULL, -- address, ticket, message, held, outbox or blob
	id BIGINT NOT NULL, -- of the row, 0 where `key` says which
	key TEXT NOT NULL, -- the address or digest, '' where `id` says which
	PRIMARY KEY (kind, id, key)
);
