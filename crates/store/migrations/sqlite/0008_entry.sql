CREATE TABLE IF NOT EXISTS "account_pass" (
    "hash" blob NOT NULL,
    "account" blob NOT NULL,
    "kind" text NOT NULL,
    "made" bigint NOT NULL,
    "until" bigint,
    PRIMARY KEY ("hash")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "account_pass_account" ON "account_pass" ("account");

CREATE TABLE IF NOT EXISTS "account_identity" (
    "issuer" text NOT NULL,
    "subject" text NOT NULL,
    "account" blob NOT NULL,
    "made" bigint NOT NULL,
    PRIMARY KEY ("issuer", "subject")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "account_identity_account" ON "account_identity" ("account");

CREATE TABLE IF NOT EXISTS "emergency" (
    "id" blob NOT NULL,
    "account" blob NOT NULL,
    "begun" bigint NOT NULL,
    "seen_by" blob,
    "seen" bigint,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
