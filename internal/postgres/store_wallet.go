package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// registerWallet tells the store how to read the wallet package's guards and
// write its effects.
func (s *Store) registerWallet() {
	s.guards[domain.GuardOwner] = readOwners
	s.guards[domain.GuardCommitments] = readCommitments
	s.effects = append(s.effects,
		registeredEffect{domain.EffectOwner, writeOwners},
		registeredEffect{wallet.EffectWallet, writeWallets},
		registeredEffect{wallet.EffectMembership, writeMemberships},
		registeredEffect{wallet.EffectFreeze, writeFreezes},
		registeredEffect{wallet.EffectSpend, writeSpend},
	)
}

func readOwners(batch *pgx.Batch, _ ledger.BookID, ids []string, found func(id string, row any)) {
	batch.Queue(`-- name: guard_owners_read
		SELECT owner_id, book_id, kind, jurisdiction, time_zone, created_at FROM owners WHERE owner_id = ANY($1::text[]::uuid[])`, ids).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var row domain.OwnerRow
				if err := rows.Scan(&row.ID, &row.Book, &row.Kind, &row.Jurisdiction, &row.TimeZone, &row.CreatedAt); err != nil {
					return err
				}
				found(row.ID.String(), row)
			}
			return rows.Err()
		})
}

// writeOwners leaves an owner that is known as it is: the guard has compared.
func writeOwners(batch *pgx.Batch, _ ledger.BookID, rows []any) {
	n := len(rows)
	ids, books, created := make([]ledger.ID, n), make([]int32, n), make([]time.Time, n)
	kinds, jurisdictions, zones := make([]string, n), make([]string, n), make([]string, n)
	for i := range rows {
		row := rows[i].(domain.OwnerRow)
		ids[i], books[i], kinds[i], jurisdictions[i], zones[i], created[i] = row.ID, int32(row.Book), string(row.Kind), row.Jurisdiction, row.TimeZone, row.CreatedAt
	}
	batch.Queue(`-- name: owners_write
		INSERT INTO owners (owner_id, book_id, kind, jurisdiction, time_zone, created_at)
		SELECT n.* FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) AS n
		ON CONFLICT ON CONSTRAINT owners_pkey DO NOTHING`, ids, books, kinds, jurisdictions, zones, created)
}

func writeWallets(batch *pgx.Batch, book ledger.BookID, rows []any) {
	n := len(rows)
	ids, owners, kinds, opened := make([]ledger.ID, n), make([]ledger.ID, n), make([]string, n), make([]time.Time, n)
	members := make([]*ledger.ID, n)
	for i := range rows {
		row := rows[i].(wallet.Row)
		ids[i], owners[i], kinds[i], opened[i] = row.ID, row.Owner, string(row.Kind), row.OpenedAt
		if !row.Member.IsZero() {
			members[i] = &row.Member
		}
	}
	batch.Queue(`-- name: wallets_write
		INSERT INTO wallets (book_id, wallet_id, owner_id, kind, member_id, opened_at)
		SELECT $1::integer, n.* FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[]) AS n`,
		book, ids, owners, kinds, members, opened)
}

// writeFreezes updates wallets one statement per row: a batch that freezes and
// unfreezes the same wallet must end with the last of both.
func writeFreezes(batch *pgx.Batch, book ledger.BookID, rows []any) {
	for i := range rows {
		row := rows[i].(wallet.FreezeRow)
		at := &row.At
		if row.Reason == "" {
			at = nil
		}
		batch.Queue(`-- name: wallet_freezes_write
			UPDATE wallets SET freeze_reason = $3, frozen_at = $4 WHERE book_id = $1 AND wallet_id = $2`,
			book, row.Wallet, optional(row.Reason), at)
	}
}

func writeMemberships(batch *pgx.Batch, _ ledger.BookID, rows []any) {
	for i := range rows {
		row := rows[i].(wallet.MembershipRow)
		ended := &row.At
		if row.Active {
			ended = nil
		}
		batch.Queue(`-- name: memberships_write
			INSERT INTO memberships AS m (party_id, organisation_id, role, since, ended_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT ON CONSTRAINT memberships_pkey DO UPDATE SET
				since = CASE WHEN m.ended_at IS NOT NULL AND excluded.ended_at IS NULL THEN excluded.since ELSE m.since END,
				ended_at = excluded.ended_at`,
			row.Party, row.Organisation, row.Role, row.At, ended)
	}
}

type spendKey struct {
	wallet               ledger.ID
	bucket               int64
	product, initiatedBy string
}

// writeSpend first adds up rows of one bucket: one statement may not update a
// row twice.
func writeSpend(batch *pgx.Batch, book ledger.BookID, rows []any) {
	at := make(map[spendKey]int, len(rows))
	var wallets []ledger.ID
	var buckets []time.Time
	var products, initiators []string
	var consumed, returned []int64
	for i := range rows {
		row := rows[i].(wallet.SpendRow)
		key := spendKey{row.Wallet, row.BucketAt.UnixMicro(), row.Product, row.InitiatedBy}
		n, found := at[key]
		if !found {
			n = len(wallets)
			at[key] = n
			wallets, buckets = append(wallets, row.Wallet), append(buckets, row.BucketAt)
			products, initiators = append(products, row.Product), append(initiators, row.InitiatedBy)
			consumed, returned = append(consumed, 0), append(returned, 0)
		}
		consumed[n] += row.Consumed
		returned[n] += row.Returned
	}
	batch.Queue(`-- name: wallet_spend_write
		INSERT INTO wallet_spend AS s (book_id, wallet_id, bucket_at, product, initiated_by, consumed, returned)
		SELECT $1::integer, n.* FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]) AS n
		ON CONFLICT ON CONSTRAINT wallet_spend_pkey DO UPDATE SET
			consumed = s.consumed + excluded.consumed, returned = s.returned + excluded.returned`,
		book, wallets, buckets, products, initiators, consumed, returned)
}
