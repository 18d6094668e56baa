CREATE TABLE IF NOT EXISTS "asset_row" (
    "sequence" bigint NOT NULL,
    "item" bigint NOT NULL,
    "source" text COLLATE "C" NOT NULL,
    "key" text COLLATE "C" NOT NULL,
    "body" bytea NOT NULL,
    PRIMARY KEY ("sequence", "item")
);
CREATE INDEX IF NOT EXISTS "asset_row_source_key" ON "asset_row" ("source", "key");

CREATE TABLE IF NOT EXISTS "source" (
    "name" text COLLATE "C" NOT NULL,
    "body" bytea NOT NULL,
    PRIMARY KEY ("name")
);

CREATE TABLE IF NOT EXISTS "judgement" (
    "id" bytea NOT NULL,
    "one" bytea NOT NULL,
    "other" bytea NOT NULL,
    "is_same" bigint NOT NULL,
    PRIMARY KEY ("id")
);
