CREATE TABLE IF NOT EXISTS "asset_row" (
    "sequence" bigint NOT NULL,
    "item" bigint NOT NULL,
    "source" text NOT NULL,
    "key" text NOT NULL,
    "body" blob NOT NULL,
    PRIMARY KEY ("sequence", "item")
);
CREATE INDEX IF NOT EXISTS "asset_row_source_key" ON "asset_row" ("source", "key");

CREATE TABLE IF NOT EXISTS "source" (
    "name" text NOT NULL,
    "body" blob NOT NULL,
    PRIMARY KEY ("name")
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS "judgement" (
    "id" blob NOT NULL,
    "one" blob NOT NULL,
    "other" blob NOT NULL,
    "is_same" bigint NOT NULL,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
