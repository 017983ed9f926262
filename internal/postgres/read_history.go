package postgres

// History, after the CTEs of reach. A row is a posting that carries an account's
// net: the last of its journal on that account, from whichever side.
//
// $10 says that lots are wanted and $11 that linked transactions are. For pages,
// $12 and $13 are the key to go on from, $14 the number of rows, $15 to $23 the
// filter. For transactions by id, $12 to $14 are books, wallets and journals.
//
// Dates are those of the owner's time zone, and which dates a preset means depends
// on the date there. $21 and $22 are therefore the first date, and the first after
// the last, for each date that it can be anywhere, $23 on: dated picks.
const (
	historyRow  = `p.book_id, p.wallet_id, p.journal_id, p.posted_at, p.version, p.net, p.balance`
	debitSide   = `p.journal_id, p.posted_at, p.debit_version AS version, p.debit_net AS net, p.debit_balance AS balance`
	creditSide  = `p.journal_id, p.posted_at, p.credit_version AS version, p.credit_net AS net, p.credit_balance AS balance`
	historyFrom = `
			JOIN journals j ON j.book_id = p.book_id AND j.journal_id = p.journal_id
			WHERE (p.posted_at, p.version)`
	// historyFilter is one condition that the planner takes for a coin toss. As
	// it cannot know which parts are off, it would otherwise count on the filter
	// to leave next to nothing, and read and sort a whole history.
	historyFilter = ` ($12::timestamptz, $13::bigint)
			AND CASE WHEN (cardinality($15::text[]) = 0 OR ` + shownType + `p.net` + shownAs + ` = ANY($15)) AND ($16::smallint = 0 OR ($16 > 0) = (p.net > 0))
				AND ($17::bigint IS NULL OR abs(p.net) >= $17) AND ($18::bigint IS NULL OR abs(p.net) <= $18)
				AND ($19::text IS NULL OR (j.subject_type = $19 AND j.subject_id = $20::text))
				AND ($21::date[] IS NULL OR j.effective_at >= p.since) AND ($22::date[] IS NULL OR j.effective_at < p.until)
				AND (p.initiator IS NULL OR j.initiated_by = p.initiator)
				THEN true ELSE false END`
	// A transfer is one journal, of the type that its sender sees.
	shownType   = `CASE WHEN j.type = 'TRANSFER_OUT' AND `
	shownAs     = ` > 0 THEN 'TRANSFER_IN' ELSE j.type END`
	newestFirst = ` ORDER BY p.posted_at DESC, p.version DESC`
	oldestFirst = ` ORDER BY p.posted_at, p.version`

	dated = `,
	dated AS (
		SELECT v.book_id, v.wallet_id, v.account_id, v.initiator,
			($21::date[])[` + place + `]::timestamp AT TIME ZONE v.time_zone AS since,
			($22::date[])[` + place + `]::timestamp AT TIME ZONE v.time_zone AS until
		FROM visible v
	)`
	place = `($9::timestamptz AT TIME ZONE v.time_zone)::date - $23::date + 1`

	// One wallet's history is walked along the two indexes from the key on, no
	// further than the page. LIMIT 101 tells the planner so, LIMIT $14 the rows.
	walk = `(SELECT ` + historyRow + ` FROM (
			SELECT ` + historyRow + ` FROM (
				SELECT p.book_id, (SELECT wallet_id FROM visible) AS wallet_id, (SELECT initiator FROM visible) AS initiator,
					(SELECT since FROM dated) AS since, (SELECT until FROM dated) AS until, `
	walkDebits = walk + debitSide + ` FROM postings p
				WHERE p.book_id = (SELECT book_id FROM visible) AND p.debit_account = (SELECT account_id FROM visible) AND p.debit_net IS NOT NULL
			) p` + historyFrom
	walkCredits = walk + creditSide + ` FROM postings p
				WHERE p.book_id = (SELECT book_id FROM visible) AND p.credit_account = (SELECT account_id FROM visible) AND p.credit_net IS NOT NULL
			) p` + historyFrom
	walkNewest = ` <` + historyFilter + newestFirst + ` LIMIT 101) p` + newestFirst + ` LIMIT $14::integer)`
	walkOldest = ` >` + historyFilter + oldestFirst + ` LIMIT 101) p` + oldestFirst + ` LIMIT $14::integer)`
	walkPage   = dated + `,
	page AS (SELECT ` + historyRow + ` FROM (`

	// Histories of several wallets are numbered per wallet: a form that also
	// works where wallets live on different nodes.
	histories = dated + `,
	page AS (SELECT ` + historyRow + ` FROM (
		SELECT ` + historyRow + `, row_number() OVER (PARTITION BY p.book_id, p.wallet_id`
	historiesFrom = `) AS place FROM (
				SELECT v.book_id, v.wallet_id, v.initiator, v.since, v.until, ` + debitSide + `
				FROM dated v JOIN postings p ON p.book_id = v.book_id AND p.debit_account = v.account_id AND p.debit_net IS NOT NULL
				UNION ALL
				SELECT v.book_id, v.wallet_id, v.initiator, v.since, v.until, ` + creditSide + `
				FROM dated v JOIN postings p ON p.book_id = v.book_id AND p.credit_account = v.account_id AND p.credit_net IS NOT NULL
			) p` + historyFrom
	historiesPage = `) p WHERE place <= $14::integer)`

	historyNewestSQL = "-- name: page_history\n" + visibleWallets + walkPage + walkDebits + walkNewest + ` UNION ALL ` +
		walkCredits + walkNewest + `) p` + newestFirst + ` LIMIT $14)` + historyAnswer
	historyOldestSQL = "-- name: page_history_backward\n" + visibleWallets + walkPage + walkDebits + walkOldest + ` UNION ALL ` +
		walkCredits + walkOldest + `) p` + oldestFirst + ` LIMIT $14)` + historyAnswer
	historiesNewestSQL = "-- name: page_histories\n" + visibleWallets + histories + newestFirst + historiesFrom + " <" +
		historyFilter + historiesPage + historyAnswer
	historiesOldestSQL = "-- name: page_histories_backward\n" + visibleWallets + histories + oldestFirst + historiesFrom + " >" +
		historyFilter + historiesPage + historyAnswer
	transactionsSQL = "-- name: transactions_by_id\n" + visibleWallets + `,
	named (book_id, wallet_id, journal_id) AS (SELECT DISTINCT n.b, n.w, n.j FROM unnest($12::integer[], $13::uuid[], $14::uuid[]) AS n (b, w, j)),
	page AS (SELECT ` + namedRow + ` named` + namedFrom + `)` + historyAnswer
)

// Rows of journals that are known by id, and what every row of history says.
const (
	namedRow = `v.book_id, v.wallet_id, p.journal_id, p.posted_at,
			CASE WHEN p.debit_account = v.account_id THEN p.debit_version ELSE p.credit_version END AS version,
			CASE WHEN p.debit_account = v.account_id THEN p.debit_net ELSE p.credit_net END AS net,
			CASE WHEN p.debit_account = v.account_id THEN p.debit_balance ELSE p.credit_balance END AS balance
		FROM`
	namedFrom = ` n JOIN visible v ON v.book_id = n.book_id AND v.wallet_id = n.wallet_id
		JOIN postings p ON p.book_id = n.book_id AND p.journal_id = n.journal_id
		JOIN journals j ON j.book_id = n.book_id AND j.journal_id = n.journal_id
		WHERE ((p.debit_account = v.account_id AND p.debit_net IS NOT NULL) OR (p.credit_account = v.account_id AND p.credit_net IS NOT NULL))
			AND (v.initiator IS NULL OR j.initiated_by = v.initiator)`

	// A transaction can be reversed in as many parts as it has units: the latest
	// 100 are linked, all are counted. What is joined to the rows at the end is
	// materialized, or a plan that expects one row would compute it for each.
	historyAnswer = `,
	links (book_id, wallet_id, journal_id) AS (
		SELECT g.book_id, g.wallet_id, j.reverses FROM page g JOIN journals j ON j.book_id = g.book_id AND j.journal_id = g.journal_id
		WHERE $11::boolean AND j.reverses IS NOT NULL
		UNION
		SELECT book_id, wallet_id, journal_id FROM (
			SELECT g.book_id, g.wallet_id, r.journal_id, row_number() OVER (PARTITION BY g.wallet_id, g.journal_id ORDER BY r.seq DESC) AS place
			FROM page g JOIN journals r ON r.book_id = g.book_id AND r.reverses = g.journal_id WHERE $11
		) latest WHERE place <= 100
	),
	shown AS (
		SELECT false AS linked, ` + historyRow + ` FROM page p
		UNION ALL
		SELECT true, ` + namedRow + ` links` + namedFrom + `
	),
	known AS (SELECT DISTINCT book_id, wallet_id, journal_id FROM shown),
	undone AS MATERIALIZED (
		SELECT k.wallet_id, k.journal_id, sum(r.reversed_quantity)::bigint AS quantity,
			(array_agg(r.journal_id ORDER BY r.seq DESC) FILTER (WHERE v.initiator IS NULL OR r.initiated_by = v.initiator))[1:100] AS journals
		FROM known k JOIN visible v ON v.book_id = k.book_id AND v.wallet_id = k.wallet_id
		JOIN journals r ON r.book_id = k.book_id AND r.reverses = k.journal_id
		GROUP BY k.wallet_id, k.journal_id
	),
	moved AS MATERIALIZED (
		SELECT k.wallet_id, k.journal_id, array_agg(l.lot_id` + lotRank + `) AS lots, array_agg(m.quantity` + lotRank + `) AS quantities,
			array_agg(l.origin` + lotRank + `) AS origins, array_agg(l.expires_at` + lotRank + `) AS expiries,
			array_agg(CASE WHEN v.access <> 'MEMBER' THEN m.basis ELSE 0 END` + lotRank + `) AS basis,
			array_agg(CASE WHEN v.access <> 'MEMBER' THEN coalesce(m.money, '') ELSE '' END` + lotRank + `) AS moneys
		FROM known k JOIN visible v ON v.book_id = k.book_id AND v.wallet_id = k.wallet_id
		JOIN lot_movements m ON m.book_id = k.book_id AND m.journal_id = k.journal_id AND m.account_id = v.account_id
		JOIN lots l ON l.book_id = m.book_id AND l.lot_id = m.lot_id
		WHERE $10::boolean
		GROUP BY k.wallet_id, k.journal_id
	)
	SELECT s.linked, s.book_id, s.wallet_id, s.journal_id, s.posted_at, s.version, s.net, s.balance,
		` + shownType + `s.net` + shownAs + `, j.effective_at, j.explanation, j.subject_type, j.subject_id, j.initiated_by, j.hold_id,
		coalesce(j.hold_event IN ('PLACED', 'INCREASED') AND h.status = 'OPEN' AND h.expires_at > i.now, false), j.reverses, coalesce(u.quantity, 0), u.journals,
		m.lots, m.quantities, m.origins, m.expiries, m.basis, m.moneys
	FROM shown s CROSS JOIN instant i JOIN journals j ON j.book_id = s.book_id AND j.journal_id = s.journal_id
	LEFT JOIN holds h ON h.book_id = j.book_id AND h.hold_id = j.hold_id
	LEFT JOIN undone u ON u.wallet_id = s.wallet_id AND u.journal_id = s.journal_id
	LEFT JOIN moved m ON m.wallet_id = s.wallet_id AND m.journal_id = s.journal_id
	ORDER BY s.linked, s.book_id, s.wallet_id, s.posted_at DESC, s.version DESC`

	lotRank = ` ORDER BY l.priority, l.expires_at, l.lot_id, m.line`
)
