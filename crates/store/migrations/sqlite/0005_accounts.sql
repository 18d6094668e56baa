CREATE TABLE IF NOT EXISTS "account" (
    "id" blob NOT NULL,
    "name" text NOT NULL,
    "folded" text NOT NULL,
    "shown" text NOT NULL,
    "password" text,
    "is_disabled" bigint NOT NULL,
    "is_break_glass" bigint NOT NULL,
    "made" bigint NOT NULL,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS "account_folded" ON "account" ("folded");

CREATE TABLE IF NOT EXISTS "account_grant" (
    "account" blob NOT NULL,
    "position" bigint NOT NULL,
    "role" text NOT NULL,
    "area" blob,
    "from" bigint NOT NULL,
    "until" bigint,
    PRIMARY KEY ("account", "position")
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS "factor" (
    "id" blob NOT NULL,
    "account" blob NOT NULL,
    "kind" text NOT NULL,
    "made" bigint NOT NULL,
    "title" text NOT NULL,
    "sealed" blob NOT NULL,
    "used" bigint,
    "step" bigint,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "factor_account" ON "factor" ("account");

CREATE TABLE IF NOT EXISTS "api_token" (
    "id" blob NOT NULL,
    "account" blob NOT NULL,
    "title" text NOT NULL,
    "hash" blob NOT NULL,
    "actions" text NOT NULL,
    "made" bigint NOT NULL,
    "until" bigint NOT NULL,
    "used" bigint,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "api_token_account" ON "api_token" ("account");

CREATE TABLE IF NOT EXISTS "view" (
    "id" blob NOT NULL,
    "account" blob,
    "role" text,
    "page" text NOT NULL,
    "title" text NOT NULL,
    "address" text NOT NULL,
    "made" bigint NOT NULL,
    PRIMARY KEY ("id")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "view_page" ON "view" ("page");

CREATE TABLE IF NOT EXISTS "session" (
    "hash" blob NOT NULL,
    "account" blob NOT NULL,
    "begun" bigint NOT NULL,
    "is_break_glass" bigint NOT NULL,
    "seen" bigint NOT NULL,
    "stepped_up" bigint,
    PRIMARY KEY ("hash")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "session_account" ON "session" ("account");
CREATE INDEX IF NOT EXISTS "session_begun" ON "session" ("begun");
