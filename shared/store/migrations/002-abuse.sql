-- 002-abuse.sql - abuse cases and their reports

-- What was reported about one source, of one type, within one window: the
-- ticket that staff work on. Counts are kept here, so that one report more
-- costs the same whether it is the second or the ten-thousandth.
CREATE TABLE abuse_case (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- where it is dealt with
	department_id BIGINT NOT NULL REFERENCES department (id), -- to which it was reported
	source TEXT NOT NULL, -- address, host name, or the reporter if there is neither
	source_kind TEXT NOT NULL, -- ip, domain or reporter
	type TEXT NOT NULL, -- "abuse", "connection/login_attack", lower case
	reports BIGINT NOT NULL, -- how many so far
	reporters BIGINT NOT NULL, -- of how many different reporters
	first BIGINT NOT NULL, -- when the first came
	last BIGINT NOT NULL -- when the last came
);
CREATE INDEX abuse_case_source
	ON abuse_case (source, type, department_id, last);
CREATE INDEX abuse_case_ticket ON abuse_case (ticket_id);
CREATE INDEX abuse_case_last ON abuse_case (last, id);
CREATE INDEX abuse_case_department ON abuse_case (department_id);

-- The evidence: every report as it came, and what was read in it.
CREATE TABLE abuse_report (
	case_id BIGINT NOT NULL REFERENCES abuse_case (id), -- of which case
	number BIGINT NOT NULL, -- 1, 2, 3 ... within the case
	raw TEXT NOT NULL REFERENCES blob (sha256), -- the original bytes
	reporter TEXT NOT NULL, -- as in the report, else its From
	address TEXT NOT NULL, -- key of its From
	format TEXT NOT NULL, -- arf, xarf
	type TEXT NOT NULL, -- as reported
	source_ip TEXT NOT NULL, -- '' if not known
	source_port BIGINT NOT NULL, -- 0 if not known
	domain TEXT NOT NULL, -- reported host name
	urls TEXT NOT NULL, -- reported URLs, one a line
	time BIGINT NOT NULL, -- when it happened, as reported
	derived BIGINT NOT NULL, -- bits of mail/mail.h: members not stated
	report_id TEXT NOT NULL, -- the reporter's own
	message_id TEXT NOT NULL, -- with <>
	subject TEXT NOT NULL, -- as it came
	auth TEXT NOT NULL, -- what authentication said, one line
	client_ip TEXT NOT NULL, -- who delivered it
	queue_id TEXT NOT NULL, -- name of the message in the MTA's log
	created BIGINT NOT NULL, -- when it came
	PRIMARY KEY (case_id, number)
);
CREATE INDEX abuse_report_raw ON abuse_report (raw);

-- Who reported how often.
CREATE TABLE abuse_reporter (
	case_id BIGINT NOT NULL REFERENCES abuse_case (id), -- in which case
	reporter TEXT NOT NULL, -- as in abuse_report
	reports BIGINT NOT NULL, -- how many
	first BIGINT NOT NULL, -- when the first came
	last BIGINT NOT NULL, -- when the last came
	PRIMARY KEY (case_id, reporter)
);
CREATE INDEX abuse_reporter_reports ON abuse_reporter (case_id, reports);

-- Customers whose services a ticket may be about. They take no part in it:
-- a reporter's words are not for whom he reports.
CREATE TABLE ticket_suspect (
	ticket_id BIGINT NOT NULL REFERENCES ticket (id), -- which ticket
	customer_id BIGINT NOT NULL REFERENCES customer (id), -- who
	matched TEXT NOT NULL, -- by what: "203.0.113.0/28", "loja.example"
	service TEXT NOT NULL, -- label of the service then
	derived SMALLINT NOT NULL, -- the report did not state what matched
	added BIGINT NOT NULL, -- when
	PRIMARY KEY (ticket_id, customer_id, matched)
);
CREATE INDEX ticket_suspect_customer ON ticket_suspect (customer_id, ticket_id);

-- Reports about mail of one's own domains, which need nobody's answer.
CREATE TABLE mail_report (
	id BIGINT NOT NULL PRIMARY KEY, -- made by id_new()
	department_id BIGINT NOT NULL REFERENCES department (id), -- to which it was sent
	kind TEXT NOT NULL, -- dmarc, tls or failure
	reporter TEXT NOT NULL, -- organisation or address
	address TEXT NOT NULL, -- key of its From
	domain TEXT NOT NULL, -- the domain reported on
	period_begin BIGINT NOT NULL, -- UTC ms
	period_end BIGINT NOT NULL, -- UTC ms
	total BIGINT NOT NULL, -- messages or sessions counted
	failed BIGINT NOT NULL, -- of them, those that failed
	source_ip TEXT NOT NULL, -- of a failure report
	report_id TEXT NOT NULL, -- the reporter's own
	derived BIGINT NOT NULL, -- bits of mail/mail.h: members not stated
	raw TEXT NOT NULL REFERENCES blob (sha256), -- the original bytes
	message_id TEXT NOT NULL, -- with <>
	subject TEXT NOT NULL, -- as it came
	auth TEXT NOT NULL, -- what authentication said, one line
	created BIGINT NOT NULL -- when it came
);
CREATE INDEX mail_report_created ON mail_report (created, id);
CREATE INDEX mail_report_raw ON mail_report (raw);
CREATE INDEX mail_report_department ON mail_report (department_id);

-- Whose address is it?
CREATE INDEX service_range_cidr ON service_range (cidr);
