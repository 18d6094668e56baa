CREATE TABLE IF NOT EXISTS "flow_segment" (
    "path" text COLLATE "C" NOT NULL,
    "hour" bigint NOT NULL,
    "first_sequence" bigint NOT NULL,
    "last_sequence" bigint NOT NULL,
    "rows" bigint NOT NULL,
    "bytes" bigint NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    "recorded" bigint NOT NULL,
    "sha256" bytea NOT NULL,
    "schema" bigint NOT NULL,
    "removed" bigint,
    "reason" text COLLATE "C",
    PRIMARY KEY ("path")
);
CREATE INDEX IF NOT EXISTS "flow_segment_hour" ON "flow_segment" ("hour");

CREATE TABLE IF NOT EXISTS "consumer" (
    "name" text COLLATE "C" NOT NULL,
    "sequence" bigint NOT NULL,
    PRIMARY KEY ("name")
);
