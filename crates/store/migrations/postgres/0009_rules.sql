CREATE TABLE IF NOT EXISTS "house_rule" (
    "id" bytea NOT NULL,
    "body" bytea NOT NULL,
    PRIMARY KEY ("id")
);
