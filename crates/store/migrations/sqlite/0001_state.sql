CREATE TABLE IF NOT EXISTS "site" (
    "id" blob NOT NULL,
    "format" bigint NOT NULL,
    "journal_sequence" bigint NOT NULL,
    "created" bigint NOT NULL,
    PRIMARY KEY ("id")
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS "area" (
    "id" blob NOT NULL,
    "parent" blob,
    "level" text NOT NULL,
    "name" text NOT NULL,
    "zone" text,
    PRIMARY KEY ("id")
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS "domain" (
    "scope" bigint NOT NULL,
    "site" blob NOT NULL,
    "name" text NOT NULL,
    PRIMARY KEY ("scope")
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS "fact" (
    "sequence" bigint NOT NULL,
    "item" bigint NOT NULL,
    "scope" bigint NOT NULL,
    "mac" blob NOT NULL,
    "ip" blob NOT NULL,
    "key_kind" text,
    "key_text" text,
    "field" text NOT NULL,
    "value" text NOT NULL,
    "protocol" text NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    "count" bigint NOT NULL,
    "place_source" bigint NOT NULL,
    "place_packet" bigint NOT NULL,
    "place_offset" bigint NOT NULL,
    "place_length" bigint NOT NULL,
    PRIMARY KEY ("sequence", "item")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "fact_ip_scope" ON "fact" ("ip", "scope");
CREATE INDEX IF NOT EXISTS "fact_mac" ON "fact" ("mac");
CREATE INDEX IF NOT EXISTS "fact_field" ON "fact" ("field");

CREATE TABLE IF NOT EXISTS "presence" (
    "sequence" bigint NOT NULL,
    "item" bigint NOT NULL,
    "scope" bigint NOT NULL,
    "mac" blob NOT NULL,
    "ip" blob NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    "packets" bigint NOT NULL,
    "ttl" bigint NOT NULL,
    "sent" bigint NOT NULL,
    PRIMARY KEY ("sequence", "item")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "presence_ip_scope" ON "presence" ("ip", "scope");
CREATE INDEX IF NOT EXISTS "presence_mac" ON "presence" ("mac");

CREATE TABLE IF NOT EXISTS "oddity" (
    "name" text NOT NULL,
    "count" bigint NOT NULL,
    "first" bigint NOT NULL,
    "place_source" bigint NOT NULL,
    "place_packet" bigint NOT NULL,
    "place_offset" bigint NOT NULL,
    "place_length" bigint NOT NULL,
    PRIMARY KEY ("name")
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS "contact" (
    "hour" bigint NOT NULL,
    "initiator_scope" bigint NOT NULL,
    "initiator_ip" blob NOT NULL,
    "initiator_mac" blob NOT NULL,
    "responder_scope" bigint NOT NULL,
    "responder_ip" blob NOT NULL,
    "responder_mac" blob NOT NULL,
    "service" text NOT NULL,
    "flows" bigint NOT NULL,
    "initiator_packets" bigint NOT NULL,
    "responder_packets" bigint NOT NULL,
    "initiator_bytes" bigint NOT NULL,
    "responder_bytes" bigint NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    PRIMARY KEY ("hour", "initiator_scope", "initiator_ip", "initiator_mac", "responder_scope", "responder_ip", "responder_mac", "service")
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "contact_initiator_ip_initiator_scope_hour" ON "contact" ("initiator_ip", "initiator_scope", "hour");
CREATE INDEX IF NOT EXISTS "contact_responder_ip_responder_scope_hour" ON "contact" ("responder_ip", "responder_scope", "hour");
CREATE INDEX IF NOT EXISTS "contact_initiator_mac_hour" ON "contact" ("initiator_mac", "hour");
CREATE INDEX IF NOT EXISTS "contact_responder_mac_hour" ON "contact" ("responder_mac", "hour");

CREATE TABLE IF NOT EXISTS "device" (
    "id" blob NOT NULL,
    "key" text NOT NULL,
    "type" text NOT NULL,
    "type_confidence" double NOT NULL,
    "maker" text NOT NULL,
    "maker_confidence" double NOT NULL,
    "model" text NOT NULL,
    "model_confidence" double NOT NULL,
    "operating_system" text NOT NULL,
    "operating_system_confidence" double NOT NULL,
    "firmware" text NOT NULL,
    "firmware_confidence" double NOT NULL,
    "serial" text NOT NULL,
    "serial_confidence" double NOT NULL,
    "name" text NOT NULL,
    "name_confidence" double NOT NULL,
    "first" bigint NOT NULL,
    "last" bigint NOT NULL,
    "macs" text NOT NULL,
    "addresses" text NOT NULL,
    "search" text NOT NULL,
    "body" text NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "device_key" ON "device" ("key");
CREATE INDEX IF NOT EXISTS "device_type" ON "device" ("type");
CREATE INDEX IF NOT EXISTS "device_maker_model" ON "device" ("maker", "model");
CREATE INDEX IF NOT EXISTS "device_operating_system" ON "device" ("operating_system");
CREATE INDEX IF NOT EXISTS "device_name" ON "device" ("name");
CREATE INDEX IF NOT EXISTS "device_last" ON "device" ("last");
