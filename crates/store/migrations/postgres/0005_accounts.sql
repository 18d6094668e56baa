CREATE TABLE IF NOT EXISTS "account" (
    "id" bytea NOT NULL,
    "name" text COLLATE "C" NOT NULL,
    "folded" text COLLATE "C" NOT NULL,
    "shown" text COLLATE "C" NOT NULL,
    "password" text COLLATE "C",
    "is_disabled" bigint NOT NULL,
    "is_break_glass" bigint NOT NULL,
    "made" bigint NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "account_folded" ON "account" ("folded");

CREATE TABLE IF NOT EXISTS "account_grant" (
    "account" bytea NOT NULL,
    "position" bigint NOT NULL,
    "role" text COLLATE "C" NOT NULL,
    "area" bytea,
    "from" bigint NOT NULL,
    "until" bigint,
    PRIMARY KEY ("account", "position")
);

CREATE TABLE IF NOT EXISTS "factor" (
    "id" bytea NOT NULL,
    "account" bytea NOT NULL,
    "kind" text COLLATE "C" NOT NULL,
    "made" bigint NOT NULL,
    "title" text COLLATE "C" NOT NULL,
    "sealed" bytea NOT NULL,
    "used" bigint,
    "step" bigint,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "factor_account" ON "factor" ("account");

CREATE TABLE IF NOT EXISTS "api_token" (
    "id" bytea NOT NULL,
    "account" bytea NOT NULL,
    "title" text COLLATE "C" NOT NULL,
    "hash" bytea NOT NULL,
    "actions" text COLLATE "C" NOT NULL,
    "made" bigint NOT NULL,
    "until" bigint NOT NULL,
    "used" bigint,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "api_token_account" ON "api_token" ("account");

CREATE TABLE IF NOT EXISTS "view" (
    "id" bytea NOT NULL,
    "account" bytea,
    "role" text COLLATE "C",
    "page" text COLLATE "C" NOT NULL,
    "title" text COLLATE "C" NOT NULL,
    "address" text COLLATE "C" NOT NULL,
    "made" bigint NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "view_page" ON "view" ("page");

CREATE TABLE IF NOT EXISTS "session" (
    "hash" bytea NOT NULL,
    "account" bytea NOT NULL,
    "begun" bigint NOT NULL,
    "is_break_glass" bigint NOT NULL,
    "seen" bigint NOT NULL,
    "stepped_up" bigint,
    PRIMARY KEY ("hash")
);
CREATE INDEX IF NOT EXISTS "session_account" ON "session" ("account");
CREATE INDEX IF NOT EXISTS "session_begun" ON "session" ("begun");
