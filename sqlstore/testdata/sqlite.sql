CREATE TABLE IF NOT EXISTS cactus_schema (
	name    text PRIMARY KEY NOT NULL,
	version integer NOT NULL
);

CREATE TABLE IF NOT EXISTS cactus_dedupe (
	key_hash    blob PRIMARY KEY NOT NULL,
	source      text NOT NULL,
	tenant      text NOT NULL,
	id          text NOT NULL,
	owner       blob NOT NULL,
	lease_until bigint NOT NULL,
	done_until  bigint NOT NULL,
	expires_at  bigint NOT NULL
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS cactus_dedupe_expires ON cactus_dedupe (expires_at);

INSERT INTO cactus_schema (name, version) VALUES ('dedupe', 1)
ON CONFLICT (name) DO NOTHING;
