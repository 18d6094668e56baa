CREATE TABLE IF NOT EXISTS "owner_rule" (
    "id" blob NOT NULL,
    "body" blob NOT NULL,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
