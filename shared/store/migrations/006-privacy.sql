-- 006-privacy.sql - why messages wait, grades, and who was erased

-- Held messages are counted by why they wait, and found by their author.
ALTER TABLE held ADD COLUMN cause TEXT NOT NULL DEFAULT ''; -- a word (desk/hold.c)
CREATE INDEX held_address ON held (address);

-- Whether and how a department asks how it did, once a ticket is closed.
ALTER TABLE department ADD COLUMN survey TEXT NOT NULL DEFAULT 'none'; -- none, faces or five
ALTER TABLE department ADD COLUMN survey_since BIGINT NOT NULL DEFAULT 0; -- tickets closed from then on

-- The question that was mailed about a closed ticket, and its answer.
CREATE TABLE survey (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new(); in signed addresses
	ticket_id BIGINT NOT NULL UNIQUE REFERENCES ticket (id), -- about which ticket
	department_id BIGINT NOT NULL REFERENCES department (id), -- that closed it
	address TEXT NOT NULL, -- key of who was asked
	scale TEXT NOT NULL, -- faces or five
	asked BIGINT NOT NULL, -- when
	grade BIGINT NOT NULL, -- 1 (bad) to 5 (good), 0: no answer yet
	graded BIGINT NOT NULL -- when, 0: not yet
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
