CREATE TABLE IF NOT EXISTS "answer" (
    "key" blob NOT NULL,
    "request" blob NOT NULL,
    "status" bigint NOT NULL,
    "body" text NOT NULL,
    "made" bigint NOT NULL,
    PRIMARY KEY ("key")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "answer_made" ON "answer" ("made");
