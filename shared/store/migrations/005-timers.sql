-- 005-timers.sql - what happens because time passes

-- The clock of a department (its zone is department.time_zone); one without a
-- row follows the site.
CREATE TABLE department_clock (
	department_id BIGINT NOT NULL PRIMARY KEY REFERENCES department (id), -- whose
	hours TEXT NOT NULL, -- "mon-fri 09:00-18:00"; '' = the site's
	holidays TEXT NOT NULL, -- "12-25 2026-11-20"; '' = the site's
	close_after BIGINT NOT NULL, -- answered so long (ms), then closed; 0 never, -1 the site's
	close_warn BIGINT NOT NULL, -- so long before comes a warning; 0 none, -1 the site's
	keep_raw BIGINT NOT NULL, -- closed so long, then original mails go; 0 never, -1 the site's
	keep_attachments BIGINT NOT NULL, -- the same for attachments
	keep_tickets BIGINT NOT NULL -- the same for all of the ticket
);

-- How soon somebody must answer, and what happens if nobody does.
CREATE TABLE department_target (
	department_id BIGINT NOT NULL REFERENCES department (id), -- whose
	kind TEXT NOT NULL, -- first or next answer
	priority TEXT NOT NULL, -- of the ticket
	within BIGINT NOT NULL, -- business time (ms)
	raises SMALLINT NOT NULL, -- escalation raises the priority
	assignee BIGINT REFERENCES staff (id), -- and gives the ticket to them
	notify TEXT NOT NULL, -- and tells: none, assignee, department, or a login
	PRIMARY KEY (department_id, kind, priority)
);
CREATE INDEX department_target_assignee ON department_target (assignee);

-- What waits for its time, one row a ticket; made anew when the ticket or the
-- rules change, so it may be deleted at will.
CREATE TABLE ticket_timer (
	ticket_id BIGINT NOT NULL PRIMARY KEY REFERENCES ticket (id), -- of which ticket
	updated BIGINT NOT NULL, -- ticket.updated when this was made
	version BIGINT NOT NULL, -- ticket.version then
	rules TEXT NOT NULL, -- fingerprint of the rules it was made by
	status TEXT NOT NULL, -- ticket.status then
	status_since BIGINT NOT NULL, -- since when, as far as was seen
	kind TEXT NOT NULL, -- the answer that is awaited: first, next, ''
	since BIGINT NOT NULL, -- of the message that waits for it
	due BIGINT NOT NULL, -- when the target ends; 0 none
	idle_since BIGINT NOT NULL, -- since when the customer is silent; 0 is not waited for
	warn_at BIGINT NOT NULL, -- when to warn of closing; 0 never
	close_at BIGINT NOT NULL, -- when to close; 0 never
	next_at BIGINT NOT NULL -- the earliest of these that is not done; 0 none
);
CREATE INDEX ticket_timer_next ON ticket_timer (next_at) WHERE next_at > 0;
CREATE INDEX ticket_timer_live ON ticket_timer (ticket_id)
	WHERE status <> 'closed';
CREATE INDEX ticket_timer_due ON ticket_timer (due) WHERE due > 0;

-- What was done because of a timer: once for the message that started it.
CREATE TABLE timer_fired (
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- in which ticket
	name TEXT NOT NULL, -- first, next, close_warn
	since BIGINT NOT NULL, -- the time that the timer ran from
	fired BIGINT NOT NULL, -- when
	PRIMARY KEY (ticket_id, name, since)
);

-- Retention: closed tickets by age.
CREATE INDEX ticket_closed ON ticket (closed, id) WHERE closed > 0;

-- The outbox in the order of sending, of all mail and to one reader about one
-- ticket; and how fast it empties.
CREATE INDEX outbox_queued ON outbox (id) WHERE state = 'queued';
CREATE INDEX outbox_line ON outbox (ticket_id, recipient, id)
	WHERE state = 'queued';
CREATE INDEX outbox_sent ON outbox (sent) WHERE sent > 0;
CREATE INDEX delivery_id ON delivery (id);
CREATE INDEX blob_created ON blob (created, sha256);
