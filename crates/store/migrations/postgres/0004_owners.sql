CREATE TABLE IF NOT EXISTS "owner_rule" (
    "id" bytea NOT NULL,
    "body" bytea NOT NULL,
    PRIMARY KEY ("id")
);
