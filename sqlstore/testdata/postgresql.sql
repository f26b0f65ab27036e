CREATE TABLE IF NOT EXISTS cactus_schema (
	name    text PRIMARY KEY NOT NULL,
	version integer NOT NULL
);

CREATE TABLE IF NOT EXISTS cactus_dedupe (
	key_hash    bytea PRIMARY KEY NOT NULL,
	source      text NOT NULL,
	tenant      text NOT NULL,
	id          text NOT NULL,
	owner       bytea NOT NULL,
	lease_until bigint NOT NULL,
	done_until  bigint NOT NULL,
	expires_at  bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS cactus_dedupe_expires ON cactus_dedupe (expires_at);

INSERT INTO cactus_schema (name, version) VALUES ('dedupe', 1)
ON CONFLICT (name) DO NOTHING;

CREATE TABLE IF NOT EXISTS cactus_order (
	key_hash    bytea PRIMARY KEY NOT NULL,
	source      text NOT NULL,
	tenant      text NOT NULL,
	id          text NOT NULL,
	owner       bytea NOT NULL,
	lease_until bigint NOT NULL,
	place       bigint NOT NULL,
	keep_until  bigint NOT NULL,
	expires_at  bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS cactus_order_expires ON cactus_order (expires_at);

INSERT INTO cactus_schema (name, version) VALUES ('order', 1)
ON CONFLICT (name) DO NOTHING;

CREATE TABLE IF NOT EXISTS cactus_inbox (
	id         bytea PRIMARY KEY NOT NULL CHECK (length(id) = 16),
	due_at     bigint,
	ready_at   bigint,
	owner      bytea,
	added_at   bigint NOT NULL,
	queued_at  bigint NOT NULL,
	attempts   bigint NOT NULL DEFAULT 0,
	lost       bigint NOT NULL DEFAULT 0,
	buried_at  bigint,
	source     text NOT NULL,
	event_type text NOT NULL DEFAULT '',
	event_id   text NOT NULL DEFAULT '',
	reason     text NOT NULL DEFAULT '',
	head       text NOT NULL,
	body       bytea NOT NULL
);

CREATE INDEX IF NOT EXISTS cactus_inbox_due ON cactus_inbox (due_at, id);

CREATE INDEX IF NOT EXISTS cactus_inbox_dead ON cactus_inbox (id) WHERE buried_at IS NOT NULL;

INSERT INTO cactus_schema (name, version) VALUES ('inbox', 1)
ON CONFLICT (name) DO NOTHING;
