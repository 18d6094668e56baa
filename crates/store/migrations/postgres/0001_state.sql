CREATE TABLE IF NOT EXISTS "site" (
    "id" bytea NOT NULL,
    "format" bigint NOT NULL,
    "journal_sequence" bigint NOT NULL,
    "created" bigint NOT NULL,
    PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "area" (
    "id" bytea NOT NULL,
    "parent" bytea,
    "level" text COLLATE "C" NOT NULL,
    "name" text COLLATE "C" NOT NULL,
    "zone" text COLLATE "C",
    PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "domain" (
    "scope" bigint NOT NULL,
    "site" bytea NOT NULL,
    "name" text COLLATE "C" NOT NULL,
    PRIMARY KEY ("scope")
);

CREATE TABLE IF NOT EXISTS "fact" (
    "sequence" bigint NOT NULL,
    "item" bigint NOT NULL,
    "scope" bigint NOT NULL,
    "mac" bytea NOT NULL,
    "ip" bytea NOT NULL,
    "key_kind" text COLLATE "C",
    "key_text" text COLLATE "C",
    "field" text COLLATE "C" NOT NULL,
    "value" text COLLATE "C" NOT NULL,
    "protocol" text COLLATE "C" NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    "count" bigint NOT NULL,
    "place_source" bigint NOT NULL,
    "place_packet" bigint NOT NULL,
    "place_offset" bigint NOT NULL,
    "place_length" bigint NOT NULL,
    PRIMARY KEY ("sequence", "item")
);
CREATE INDEX IF NOT EXISTS "fact_ip_scope" ON "fact" ("ip", "scope");
CREATE INDEX IF NOT EXISTS "fact_mac" ON "fact" ("mac");
CREATE INDEX IF NOT EXISTS "fact_field" ON "fact" ("field");

CREATE TABLE IF NOT EXISTS "presence" (
    "sequence" bigint NOT NULL,
    "item" bigint NOT NULL,
    "scope" bigint NOT NULL,
    "mac" bytea NOT NULL,
    "ip" bytea NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    "packets" bigint NOT NULL,
    "ttl" bigint NOT NULL,
    "sent" bigint NOT NULL,
    PRIMARY KEY ("sequence", "item")
);
CREATE INDEX IF NOT EXISTS "presence_ip_scope" ON "presence" ("ip", "scope");
CREATE INDEX IF NOT EXISTS "presence_mac" ON "presence" ("mac");

CREATE TABLE IF NOT EXISTS "oddity" (
    "name" text COLLATE "C" NOT NULL,
    "count" bigint NOT NULL,
    "first" bigint NOT NULL,
    "place_source" bigint NOT NULL,
    "place_packet" bigint NOT NULL,
    "place_offset" bigint NOT NULL,
    "place_length" bigint NOT NULL,
    PRIMARY KEY ("name")
);

CREATE TABLE IF NOT EXISTS "contact" (
    "hour" bigint NOT NULL,
    "initiator_scope" bigint NOT NULL,
    "initiator_ip" bytea NOT NULL,
    "initiator_mac" bytea NOT NULL,
    "responder_scope" bigint NOT NULL,
    "responder_ip" bytea NOT NULL,
    "responder_mac" bytea NOT NULL,
    "service" text COLLATE "C" NOT NULL,
    "flows" bigint NOT NULL,
    "initiator_packets" bigint NOT NULL,
    "responder_packets" bigint NOT NULL,
    "initiator_bytes" bigint NOT NULL,
    "responder_bytes" bigint NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    PRIMARY KEY ("hour", "initiator_scope", "initiator_ip", "initiator_mac", "responder_scope", "responder_ip", "responder_mac", "service")
);
CREATE INDEX IF NOT EXISTS "contact_initiator_ip_initiator_scope_hour" ON "contact" ("initiator_ip", "initiator_scope", "hour");
CREATE INDEX IF NOT EXISTS "contact_responder_ip_responder_scope_hour" ON "contact" ("responder_ip", "responder_scope", "hour");
CREATE INDEX IF NOT EXISTS "contact_initiator_mac_hour" ON "contact" ("initiator_mac", "hour");
CREATE INDEX IF NOT EXISTS "contact_responder_mac_hour" ON "contact" ("responder_mac", "hour");

CREATE TABLE IF NOT EXISTS "device" (
    "id" bytea NOT NULL,
    "key" text COLLATE "C" NOT NULL,
    "type" text COLLATE "C" NOT NULL,
    "type_confidence" double precision NOT NULL,
    "maker" text COLLATE "C" NOT NULL,
    "maker_confidence" double precision NOT NULL,
    "model" text COLLATE "C" NOT NULL,
    "model_confidence" double precision NOT NULL,
    "operating_system" text COLLATE "C" NOT NULL,
    "operating_system_confidence" double precision NOT NULL,
    "firmware" text COLLATE "C" NOT NULL,
    "firmware_confidence" double precision NOT NULL,
    "serial" text COLLATE "C" NOT NULL,
    "serial_confidence" double precision NOT NULL,
    "name" text COLLATE "C" NOT NULL,
    "name_confidence" double precision NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    "macs" text COLLATE "C" NOT NULL,
    "addresses" text COLLATE "C" NOT NULL,
    "search" text COLLATE "C" NOT NULL,
    "body" text COLLATE "C" NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "device_key" ON "device" ("key");
CREATE INDEX IF NOT EXISTS "device_type" ON "device" ("type");
CREATE INDEX IF NOT EXISTS "device_maker_model" ON "device" ("maker", "model");
CREATE INDEX IF NOT EXISTS "device_operating_system" ON "device" ("operating_system");
CREATE INDEX IF NOT EXISTS "device_name" ON "device" ("name");
CREATE INDEX IF NOT EXISTS "device_last" ON "device" ("last");
