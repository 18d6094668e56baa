CREATE TABLE IF NOT EXISTS "answer" (
    "key" bytea NOT NULL,
    "request" bytea NOT NULL,
    "status" bigint NOT NULL,
    "body" text COLLATE "C" NOT NULL,
    "made" bigint NOT NULL,
    PRIMARY KEY ("key")
);
CREATE INDEX IF NOT EXISTS "answer_made" ON "answer" ("made");
