-- Wallets of an organisation's members: units of the organisation, in its book, that
-- are set aside for the use of one party.

-- +goose Up

ALTER TABLE wallets
    ADD COLUMN member_id uuid,
    DROP CONSTRAINT wallets_kind_known,
    ADD CONSTRAINT wallets_kind_known CHECK (kind IN ('FREELANCER', 'AGENCY', 'MEMBER')),
    ADD CONSTRAINT wallets_member_whole CHECK ((kind = 'MEMBER') = (member_id IS NOT NULL)),
    DROP CONSTRAINT wallets_owner_kind_unique,
    ADD CONSTRAINT wallets_owner_kind_unique UNIQUE NULLS NOT DISTINCT (book_id, owner_id, kind, member_id);
