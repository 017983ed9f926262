package handwritten

import (
	"slices"

	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/auth"
	"purser/internal/wallet"
	"purser/ledger"
)

// Ranks say as what a caller reaches a wallet; null is not at all.
const (
	rankAll    = 0
	rankOwner  = 1
	rankAdmin  = 2
	rankMember = 3 // sees the lines that they initiated, and no cost basis
)

// rankOf is the caller's rank for the wallet w.
//
// $1 is the book, $2 the wallet, $3 the party whose own wallets count, $4 the party whose memberships of
// the roles $5 count, $6 that every wallet is open.
const rankOf = `CASE WHEN $6::boolean THEN 0 WHEN w.owner_id = $3::uuid THEN 1 ELSE (
		SELECT min(CASE m.role WHEN 'AGENCY_ADMIN' THEN 2 ELSE 3 END) FROM memberships m
		WHERE m.party_id = $4::uuid AND m.organisation_id = w.owner_id AND m.role = ANY($5::text[])
			AND m.role IN ('AGENCY_ADMIN', 'AGENCY_MEMBER') AND m.ended_at IS NULL
	) END`

// rank is it as one value of a statement. A condition on it alone is decided once, before a row is read,
// so that nothing of a wallet is fetched that the caller may not see. It is a subquery where it is used,
// not a CTE: that costs half as much.
const (
	rank    = `(SELECT ` + rankOf + ` FROM wallets w WHERE w.book_id = $1::integer AND w.wallet_id = $2::uuid)`
	visible = rank + ` IS NOT NULL`
)

// mine is a condition on rows that carry who initiated them: a member sees their own. It goes with visible,
// and is only in statements for callers who may turn out to be members: the others, who are most, need no
// look at who initiated a row. parameter is the caller's name.
func mine(member bool, column, parameter string) string {
	if !member {
		return "true"
	}
	return `CASE ` + rank + ` WHEN 3 THEN ` + column + ` = ` + parameter + `::text ELSE true END`
}

// memberPrefix begins the names of the statements for callers who may turn out to be members.
const memberPrefix = "member_"

// bothWays adds a statement to a page's in its two forms.
func bothWays(statements map[string]string, name string, write func(member bool) string) {
	statements[name], statements[memberPrefix+name] = write(false), write(true)
}

// initiated is such a statement with its parameters, in the form that suits the caller.
func (a *ask) initiated(name string, arguments []any) statement {
	if !slices.Contains(a.roles, string(auth.RoleAgencyMember)) {
		return statement{name, arguments}
	}
	return statement{memberPrefix + name, append(slices.Clip(arguments), a.principal)}
}

// reach makes the parameters of rank, once for all statements of a page; $7 behind them is the account of
// the available Connects.
func (a *ask) reach() []any {
	account := ledger.AccountID(a.book, wallet.AvailableCode(a.object), ledger.CNX)
	return []any{
		int32(a.book),
		pgtype.UUID{Bytes: a.object, Valid: true},
		a.owner, a.member, a.roles, a.all,
		pgtype.UUID{Bytes: account, Valid: true},
	}
}

// rankParameters is how many of them a statement takes that needs no account.
const rankParameters = 6

// with returns the parameters of a statement: some of reach, then its own.
func with(reach []any, own ...any) []any {
	return append(append(make([]any, 0, len(reach)+len(own)+1), reach...), own...)
}

// mayAskForWallets is the policy of the schema's field wallet.
func mayAskForWallets(role auth.Role) bool {
	return role != auth.RoleProductManager && role != auth.RoleService
}

// walletKeys lists every wallet with its owner, or for an agency's one of the administrators.
const walletKeys = `SELECT w.book_id, w.wallet_id, w.owner_id AS party, 'FREELANCER' AS role, 0::bigint FROM wallets w WHERE w.kind = 'FREELANCER'
	UNION ALL
	SELECT DISTINCT ON (w.wallet_id) w.book_id, w.wallet_id, m.party_id, m.role, 0
	FROM wallets w JOIN memberships m ON m.organisation_id = w.owner_id
	WHERE w.kind = 'AGENCY' AND m.role = 'AGENCY_ADMIN' AND m.ended_at IS NULL
	ORDER BY 2`

// adRankOf is the caller's rank for the ad account a, with parameters as those of rankOf: $3 is the party
// whose own ad accounts count.
const adRankOf = `CASE WHEN $6::boolean THEN 0 WHEN a.owner_id = $3::uuid THEN 1 ELSE (
		SELECT min(CASE m.role WHEN 'ADVERTISER_ADMIN' THEN 2 ELSE 3 END) FROM memberships m
		WHERE m.party_id = $4::uuid AND m.organisation_id = a.owner_id AND m.role = ANY($5::text[])
			AND m.role IN ('ADVERTISER_ADMIN', 'ADVERTISER_ANALYST') AND m.ended_at IS NULL
	) END`

// adReach makes the parameters of adRankOf.
func (a *ask) adReach() []any {
	return []any{int32(a.book), pgtype.UUID{Bytes: a.object, Valid: true}, a.advertiser, a.member, a.roles, a.all}
}

// mayAskForAdAccounts is the policy of the schema's field adAccount.
func mayAskForAdAccounts(role auth.Role) bool {
	return role != auth.RoleProductManager && role != auth.RoleService && role != auth.RoleAgencyMember && role != auth.RoleAgencyAdmin
}

// adAccountKeys lists every ad account with its owner, or for an organisation's one of those who manage its
// campaigns.
const adAccountKeys = `SELECT a.book_id, a.ad_account_id, coalesce(m.party_id, a.owner_id), 'ADVERTISER_ADMIN',
		(SELECT count(*) FROM campaigns c WHERE c.book_id = a.book_id AND c.ad_account_id = a.ad_account_id AND c.status <> 'ARCHIVED') AS rows
	FROM ad_accounts a JOIN owners o ON o.owner_id = a.owner_id
	LEFT JOIN LATERAL (
		SELECT m.party_id FROM memberships m
		WHERE m.organisation_id = a.owner_id AND m.role = 'ADVERTISER_ADMIN' AND m.ended_at IS NULL ORDER BY m.party_id LIMIT 1
	) m ON true
	WHERE o.kind = 'PARTY' OR m.party_id IS NOT NULL
	ORDER BY rows DESC, a.ad_account_id`
