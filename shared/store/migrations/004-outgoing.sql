-- 004-outgoing.sql - mail that went out, and what came back

-- In which language and at which hour people read.
ALTER TABLE contact ADD COLUMN language TEXT NOT NULL DEFAULT ''; -- '' = the customer's
ALTER TABLE department ADD COLUMN time_zone TEXT NOT NULL DEFAULT ''; -- '' = the site's
ALTER TABLE customer ADD COLUMN time_zone TEXT NOT NULL DEFAULT ''; -- "America/Recife", '' = the department's

-- Which loop brake counts the mail, '' = none (desk/brakes.c).
ALTER TABLE outbox ADD COLUMN brake TEXT NOT NULL DEFAULT ''; -- a word
-- What Outlook threads the mail by (desk/letter_thread.c).
ALTER TABLE outbox ADD COLUMN thread_index TEXT NOT NULL DEFAULT ''; -- Thread-Index
ALTER TABLE outbox ADD COLUMN thread_topic TEXT NOT NULL DEFAULT ''; -- Thread-Topic
CREATE INDEX outbox_brake ON outbox (recipient, brake, created)
	WHERE brake <> '';

-- Addresses that failed for good and get no more mail. A row goes when the
-- address writes to us or staff say that it works again.
CREATE TABLE undeliverable (
	address TEXT NOT NULL PRIMARY KEY, -- key, of anybody
	status TEXT NOT NULL, -- enhanced status, "5.1.1", '' if none
	why TEXT NOT NULL, -- what the other side said, one line
	outbox_id BIGINT NOT NULL, -- the mail that failed first
	first BIGINT NOT NULL, -- when it failed
	last BIGINT NOT NULL, -- when the last one did
	failures BIGINT NOT NULL -- how many did
);
CREATE INDEX undeliverable_first ON undeliverable (first, address);
