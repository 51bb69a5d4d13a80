-- What waits. The lane of an identity never changes; seq is the order in which messages were enqueued. Other code that inserts rows finds out here what
-- nobody could read or count.
CREATE SEQUENCE {schema}.seq AS bigint CACHE 1;
CREATE TABLE {schema}.queue (
	lane smallint NOT NULL CHECK (lane BETWEEN 0 AND 63),
	seq bigint NOT NULL DEFAULT nextval('{schema}.seq') CHECK (seq > 0),
	at timestamptz NOT NULL DEFAULT clock_timestamp() CHECK (at BETWEEN '2000-01-01 UTC' AND '9000-01-01 UTC'),
	body bytea NOT NULL CHECK (octet_length(body) <= 10000000),
	PRIMARY KEY (lane, seq)
) WITH (
	-- Every row is deleted: vacuum by the number of them, and not by their share of a table that is empty most of the time.
	autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
	autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
	autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,
	toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000, toast.autovacuum_vacuum_cost_delay = 0
);
-- What was rejected. A reason is bytes, because it may hold what text of this server cannot.
CREATE TABLE {schema}.dead (
	seq bigint PRIMARY KEY,
	lane smallint NOT NULL,
	at timestamptz NOT NULL,
	rejected timestamptz NOT NULL DEFAULT clock_timestamp(),
	reason bytea NOT NULL,
	body bytea NOT NULL
);
-- One row. key is the first half of the advisory locks: it keeps them apart from those of others in this database.
CREATE TABLE {schema}.settings (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	key integer NOT NULL
);
INSERT INTO {schema}.settings (key) VALUES ((random() * 2000000000)::integer + 1);
-- One row: how many requests were leased in each of the latest slots of time, and how many workers asked for some. A page has room for many of its versions.
CREATE TABLE {schema}.budget (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	slot bigint NOT NULL,
	used integer[] NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
INSERT INTO {schema}.budget (slot, used) VALUES (0, '{0,0,0,0,0,0}');
