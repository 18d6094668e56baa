CREATE TABLE IF NOT EXISTS "label" (
    "id" bytea NOT NULL,
    "body" bytea NOT NULL,
    PRIMARY KEY ("id")
);
