CREATE TABLE IF NOT EXISTS "label" (
    "id" blob NOT NULL,
    "body" blob NOT NULL,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
