-- The hash chain over the journals, its signed checkpoints, and the outbox.

-- +goose Up

-- A link covers the journals after the previous link, so that what an older version of
-- the program writes meanwhile, without a link, is covered by the next one.
ALTER TABLE book_heads
    ADD COLUMN hash bytea,
    ADD COLUMN hashed_seq bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT book_heads_hash_whole CHECK ((hash IS NULL) = (hashed_seq = 0)),
    ADD CONSTRAINT book_heads_hashed_seq_bounds CHECK (hashed_seq BETWEEN 0 AND seq);
ALTER TABLE batches
    ADD COLUMN root bytea,
    ADD COLUMN hash bytea,
    ADD CONSTRAINT batches_link_whole CHECK ((root IS NULL) = (hash IS NULL)),
    ADD CONSTRAINT batches_link_length CHECK (length(root) = 32 AND length(hash) = 32);

-- A head of the chain that was signed. What was exported proves the rows before it;
-- what stays here proves nothing against someone who can write the database.
CREATE TABLE checkpoints (
    book_id    integer     NOT NULL,
    seq        bigint      NOT NULL,
    hash       bytea       NOT NULL,
    signed_at  timestamptz NOT NULL,
    public_key bytea       NOT NULL,
    signature  bytea       NOT NULL,
    CONSTRAINT checkpoints_pkey PRIMARY KEY (book_id, seq),
    CONSTRAINT checkpoints_lengths CHECK (length(hash) = 32 AND length(public_key) = 32 AND length(signature) = 64)
);

-- One row per batch, in commit order without a gap: what consumers follow. The arrays
-- have one element per journal, seq ascending.
CREATE TABLE outbox (
    book_id     integer     NOT NULL,
    last_seq    bigint      NOT NULL,
    first_seq   bigint      NOT NULL,
    posted_at   timestamptz NOT NULL,
    journal_ids uuid[]      NOT NULL,
    types       text[]      NOT NULL,
    wallet_ids  uuid[]      NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (book_id, last_seq),
    CONSTRAINT outbox_whole CHECK (cardinality(journal_ids) = last_seq - first_seq + 1
        AND cardinality(types) = cardinality(journal_ids) AND cardinality(wallet_ids) = cardinality(journal_ids))
);

-- How far each consumer has come in each book.
CREATE TABLE outbox_consumers (
    consumer   text        NOT NULL,
    book_id    integer     NOT NULL,
    seq        bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT outbox_consumers_pkey PRIMARY KEY (consumer, book_id),
    CONSTRAINT outbox_consumers_seq_not_negative CHECK (seq >= 0)
);

GRANT UPDATE (hash, hashed_seq) ON book_heads TO purser_app;
GRANT SELECT, INSERT ON checkpoints, outbox, outbox_consumers TO purser_app;
GRANT UPDATE (seq, updated_at) ON outbox_consumers TO purser_app;
