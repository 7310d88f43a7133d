-- 003-conversation.sql - how tickets are told apart, joined and told about

ALTER TABLE ticket ADD COLUMN resolved BIGINT NOT NULL DEFAULT 0; -- since when it is resolved, 0: it is not
ALTER TABLE ticket ADD COLUMN merged_into BIGINT REFERENCES ticket (id); -- where its entries are, NULL: here
CREATE INDEX ticket_merged_into ON ticket (merged_into)
	WHERE merged_into IS NOT NULL;

ALTER TABLE contact ADD COLUMN no_copies SMALLINT NOT NULL DEFAULT 0; -- 1: reads only tickets he wrote in

-- One ticket put into another, and what it takes to undo that.
CREATE TABLE ticket_merge (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	source_id BIGINT NOT NULL REFERENCES ticket (id), -- which ticket went
	target_id BIGINT NOT NULL REFERENCES ticket (id), -- into which
	source_status TEXT NOT NULL, -- of the source before
	source_closed BIGINT NOT NULL, -- its time of closing before
	source_resolved BIGINT NOT NULL, -- its time of resolution before
	target_status TEXT NOT NULL, -- of the target before
	target_after TEXT NOT NULL, -- of the target right after
	target_resolved BIGINT NOT NULL, -- its time of resolution before
	created BIGINT NOT NULL, -- when
	undone BIGINT NOT NULL -- when it was taken back, 0: it holds
);
CREATE INDEX ticket_merge_source ON ticket_merge (source_id, undone);
CREATE INDEX ticket_merge_target ON ticket_merge (target_id);

-- The entries that came with a merge.
CREATE TABLE ticket_merge_message (
	merge_id BIGINT NOT NULL REFERENCES ticket_merge (id), -- which merge
	message_id BIGINT NOT NULL REFERENCES message (id), -- what it moved
	PRIMARY KEY (merge_id, message_id)
);
CREATE INDEX ticket_merge_message_message
	ON ticket_merge_message (message_id);

-- The people that a merge added to its target.
CREATE TABLE ticket_merge_participant (
	merge_id BIGINT NOT NULL REFERENCES ticket_merge (id), -- which merge
	address TEXT NOT NULL, -- key
	PRIMARY KEY (merge_id, address)
);

-- Tickets that have to do with each other.
CREATE TABLE ticket_link (
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- the younger one
	other_id BIGINT NOT NULL REFERENCES ticket (id), -- the older one
	kind TEXT NOT NULL, -- related, continues or split
	created BIGINT NOT NULL, -- when
	PRIMARY KEY (ticket_id, other_id)
);
CREATE INDEX ticket_link_other ON ticket_link (other_id);

-- Departments that a ticket was in before it was moved.
CREATE TABLE ticket_past_department (
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- which ticket
	department_id BIGINT NOT NULL REFERENCES department (id), -- was there
	PRIMARY KEY (ticket_id, department_id)
);
CREATE INDEX ticket_past_department_department
	ON ticket_past_department (department_id);

-- People in Cc of customers' mail, whom staff may add as copies.
CREATE TABLE copy_proposal (
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- to which ticket
	address TEXT NOT NULL, -- key
	name TEXT NOT NULL, -- as the mail named them
	proposed_by TEXT NOT NULL, -- key of who wrote the mail
	proposed BIGINT NOT NULL, -- when
	PRIMARY KEY (ticket_id, address)
);
