CREATE TABLE IF NOT EXISTS "account_pass" (
    "hash" bytea NOT NULL,
    "account" bytea NOT NULL,
    "kind" text COLLATE "C" NOT NULL,
    "made" bigint NOT NULL,
    "until" bigint,
    PRIMARY KEY ("hash")
);
CREATE INDEX IF NOT EXISTS "account_pass_account" ON "account_pass" ("account");

CREATE TABLE IF NOT EXISTS "account_identity" (
    "issuer" text COLLATE "C" NOT NULL,
    "subject" text COLLATE "C" NOT NULL,
    "account" bytea NOT NULL,
    "made" bigint NOT NULL,
    PRIMARY KEY ("issuer", "subject")
);
CREATE INDEX IF NOT EXISTS "account_identity_account" ON "account_identity" ("account");

CREATE TABLE IF NOT EXISTS "emergency" (
    "id" bytea NOT NULL,
    "account" bytea NOT NULL,
    "begun" bigint NOT NULL,
    "seen_by" bytea,
    "seen" bigint,
    PRIMARY KEY ("id")
);
