CREATE TABLE IF NOT EXISTS "house_rule" (
    "id" blob NOT NULL,
    "body" blob NOT NULL,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
