CREATE TABLE IF NOT EXISTS "flow_segment" (
    "path" text NOT NULL,
    "hour" bigint NOT NULL,
    "first_sequence" bigint NOT NULL,
    "last_sequence" bigint NOT NULL,
    "rows" bigint NOT NULL,
    "bytes" bigint NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    "recorded" bigint NOT NULL,
    "sha256" blob NOT NULL,
    "schema" bigint NOT NULL,
    "removed" bigint,
    "reason" text,
    PRIMARY KEY ("path")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "flow_segment_hour" ON "flow_segment" ("hour");

CREATE TABLE IF NOT EXISTS "consumer" (
    "name" text NOT NULL,
    "sequence" bigint NOT NULL,
    PRIMARY KEY ("name")
) WITHOUT ROWID;
