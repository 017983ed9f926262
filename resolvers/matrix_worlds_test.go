package resolvers_test

import (
	"maps"
	"testing"
	"time"

	"purser/ledger"
)

// Things of a target that are not named by a type.
const (
	creditID       = "transaction that brought units"
	organisationID = "organisation"
	prepaidID      = "ad account that pays in money"
	managerToken   = "who may change its campaigns"
	poolID         = "wallet that gives"
	memberWalletID = "wallet that receives"
	expiredHoldID  = "hold that has expired"
)

// target is one object of each type, by type name, all of one owner.
type target map[string]string

// matrixWorld is a market in which each owner has something of everything.
type matrixWorld struct {
	*world
	targets map[string]target // by owner
}

// newMatrixWorlds makes one world for each state that requests are sent in: those
// that would change what most others are answered have a world apart.
func newMatrixWorlds(t *testing.T) map[string]*matrixWorld {
	t.Helper()
	worlds := map[string]*matrixWorld{
		"active": newMatrixWorld(t), "freezing": newMatrixWorld(t),
		"frozen": newMatrixWorld(t, freezing), "unfreezing": newMatrixWorld(t, freezing), "limited": newMatrixWorld(t, limiting), "closed": newMatrixWorld(t),
	}
	worlds["closed"].closeWallets()
	for _, name := range []string{"agency", "others"} {
		worlds["limited"].grant(worlds["limited"].names[name], "PROMO", 100_000)
	}
	for _, name := range []string{"wallet", "agency"} {
		limiting(worlds["frozen"].world, worlds["frozen"].names[name])
	}
	worlds["active"].mutate(financeToken, closeMutation, worlds["active"].signing("2025-03"))
	worlds["active"].mutate(hugoSays, closeMutation, worlds["active"].signing("2025-06"))
	worlds["freezing"].closeMonth("2026-02")
	worlds["frozen"].closeMonth("2026-01")
	worlds["frozen"].closeMonth("2026-02")
	worlds["frozen"].mutate(financeToken, reopenMutation, worlds["frozen"].signing("2026-02"))
	for _, name := range []string{"frozen", "unfreezing"} {
		execute(t, worlds[name].superuser(t, worlds[name].pg.Name), `INSERT INTO invariant_checks (invariant, checked_at, status, failures, detail, duration)
			VALUES ('I1', '2026-03-05 00:00:00+00', 'BROKEN', 1, 'matrix', '1s')`)
	}
	return worlds
}

// freezing and limiting say what stands against spending from a wallet.
func freezing(w *world, id string) {
	w.mutate(serviceToken, freezeMutation, map[string]any{"idempotencyKey": w.key(), "walletId": id, "reason": "COMPLIANCE"})
}

func limiting(w *world, id string) {
	w.mutate(serviceToken, limitMutation, map[string]any{"idempotencyKey": w.key(), "walletId": id, "window": "DAY", "maximum": 0})
}

func newMatrixWorld(t *testing.T, against ...func(w *world, wallet string)) *matrixWorld {
	t.Helper()
	w := &matrixWorld{world: newMarket(t), targets: map[string]target{}}
	w.member(matrixAnalyst, "ADVERTISER_ANALYST", true)
	w.member(matrixManager, "ADVERTISER_ADMIN", true)
	others := party(9)
	w.names["others"] = w.openAgency(others)
	w.reverse(w.names["omarSpend"], "RETURN_TOS", 1)
	ads := map[string]target{
		"priya":  w.freelancerAds(priya.String(), priyaSays, "IN", "Asia/Kolkata", w.names["wallet"]),
		"jonas":  w.freelancerAds(jonas.String(), jonasSays, "DE", "Europe/Berlin", w.names["foreign"]),
		"studio": w.agencyAds(),
	}
	// Of 50 units 3 are left, so that no parcel of them is whole any longer.
	bought := w.purchase(w.names["foreign"], 10, 150)
	spent := w.spend(jonasSays, w.names["foreign"], 47)
	w.reverse(spent, "RETURN_TOS", 1)

	w.targets["priya"] = w.target(w.names["wallet"], w.names["spend"], w.names["purchase"], studio.String())
	w.targets["studio"] = w.target(w.names["agency"], w.names["omarSpend"], w.names["omarSpend"], studio.String())
	w.targets["jonas"] = w.target(w.names["foreign"], spent, bought, others.String())
	w.targets["lena"] = w.target(w.names["agency"], w.names["lenaSpend"], w.names["lenaSpend"], studio.String())
	for owner, more := range ads {
		maps.Copy(w.targets[owner], more)
	}
	w.targets["lena"] = w.targets["studio"].with(w.targets["lena"])
	w.holdsAndPools(others)
	for _, stand := range against {
		for _, name := range []string{"wallet", "foreign", "agency", "others"} {
			stand(w.world, w.names[name])
		}
	}
	return w
}

// closeWallets ends all campaigns, uses up all that wallets have, and closes them.
func (w *matrixWorld) closeWallets() {
	w.t.Helper()
	for _, owner := range []string{"priya", "jonas"} {
		aim := w.targets[owner]
		for _, node := range w.data(financeToken, `query($id: ID!) { adAccount(id: $id) { campaigns(first: 10) { nodes { id } } } }`,
			map[string]any{"id": aim["AdAccount"]}).rows("adAccount", "campaigns", "nodes") {
			adWorld{w.world}.move(aim[managerToken], object(node.(map[string]any)).text("id"), "ENDED")
		}
	}
	for _, name := range []string{"wallet", "foreign", "agency", "others"} {
		id := w.names[name]
		for _, node := range w.holdsOf(financeToken, id).rows("wallet", "open", "nodes") {
			w.mutate(serviceToken, releaseMutation, map[string]any{"idempotencyKey": w.key(), "holdId": object(node.(map[string]any)).text("id")})
		}
		w.empty(id)
		w.mutate(serviceToken, closeWalletMutation, map[string]any{"idempotencyKey": w.key(), "walletId": id, "reason": "matrix"})
	}
}

// holdsAndPools adds to each target a hold that is open, one that has expired, and two
// wallets of one organisation. What is held is granted before, so that the wallet can
// spend what it could.
func (w *matrixWorld) holdsAndPools(others ledger.ID) {
	w.t.Helper()
	w.purchase(w.names["others"], 200, 3000)
	ours, theirs := w.memberWallet(studio, omar), w.memberWallet(others, party(10))
	holds := map[string]target{}
	for _, wallet := range []string{"wallet", "foreign", "agency"} {
		w.grant(w.names[wallet], "PLAN", 501)
		holds[w.names[wallet]] = target{
			"Hold":        w.place(w.names[wallet], 500, w.clock().Add(30*24*time.Hour)),
			expiredHoldID: w.place(w.names[wallet], 1, w.clock().Add(time.Second)),
		}
	}
	w.wait(time.Second)
	for owner, aim := range w.targets {
		aim = aim.with(holds[aim["Wallet"]]).with(target{poolID: w.names["agency"], memberWalletID: ours})
		if owner == "jonas" {
			aim = aim.with(target{poolID: w.names["others"], memberWalletID: theirs})
		}
		w.targets[owner] = aim
	}
}

// target names a wallet and what hangs on it.
func (w *matrixWorld) target(wallet, transaction, credit, organisation string) target {
	w.t.Helper()
	data := w.data(financeToken, `query($wallet: ID!, $transaction: ID!) {
		wallet(id: $wallet) { lots(first: 1) { nodes { id } } }
		node(id: $transaction) { ... on Transaction { journalId } } }`,
		map[string]any{"wallet": wallet, "transaction": transaction})
	return target{
		"Wallet": wallet, "Transaction": transaction, creditID: credit, organisationID: organisation,
		"Lot": data.text("wallet", "lots", "nodes", 0, "id"), "Journal": data.text("node", "journalId"),
	}
}

// with returns a target with the things of another one instead of its own.
func (t target) with(other target) target {
	t = maps.Clone(t)
	maps.Copy(t, other)
	return t
}

// freelancerAds opens an ad account that is paid from a wallet, with two campaigns,
// and one that is paid in money. What funds the campaigns is granted before, so that
// the wallet holds what it held, and more of priya's own for campaigns to come.
func (w *matrixWorld) freelancerAds(owner, token, jurisdiction, zone, wallet string) target {
	w.t.Helper()
	granted, a, party := 600, adWorld{w.world}, map[string]any{"partyId": owner}
	if token == priyaSays {
		granted = 3000
	}
	w.grant(wallet, "PLAN", granted)
	account := a.openAds(party, jurisdiction, zone, "Connects", wallet)
	t := w.campaigns(token, account)
	t[prepaidID] = a.openAds(party, jurisdiction, zone, "Dollars", "")
	return t
}

// agencyAds is the same of the agency, whose account is paid in money.
func (w *matrixWorld) agencyAds() target {
	w.t.Helper()
	a := adWorld{w.world}
	account := a.openAds(map[string]any{"organisationId": studio.String()}, "US", "America/New_York", "Studio", "")
	a.deposit(account, 10_000_00)
	t := w.campaigns(matrixManager.String()+" ADVERTISER_ADMIN", account)
	t[prepaidID] = account
	return t
}

// campaigns creates two campaigns in an ad account, one of which runs and was charged
// for clicks of this day, the day before, and the days that these are compared with.
func (w *matrixWorld) campaigns(token, account string) target {
	w.t.Helper()
	a := adWorld{w.world}
	first := a.create(token, account, plan{"First", "BOOSTED_PROFILE", "DAILY", "", 5, 1000, 600})
	a.create(token, account, plan{"Second", "BOOSTED_PROFILE", "LIFETIME", "", 5, 1000, 0})
	a.move(token, first, "ENABLED")
	for _, ago := range []time.Duration{time.Hour, 24 * time.Hour, 119 * time.Hour} {
		a.record(first, w.clock().Add(-ago), clicks{impressions: 10, clicks: 2, charge: 8})
	}
	return target{"AdAccount": account, "Campaign": first, managerToken: token}
}

// aims are what a caller asks for: their own objects, somebody else's, and such as
// nobody has. To a member of an agency the line of another member is foreign.
func (w *matrixWorld) aims(t *testing.T, caller matrixCaller) (own, foreign, unknown target) {
	t.Helper()
	own, foreign = w.targets[caller.own], maps.Clone(w.targets["jonas"])
	if caller.token == omarSays {
		foreign["Transaction"], foreign["Journal"] = w.targets["lena"]["Transaction"], w.targets["lena"]["Journal"]
	}
	unknown = target{}
	for name, id := range foreign {
		switch name {
		case organisationID:
			unknown[name] = party(99).String()
			continue
		case managerToken:
			continue // nobody's
		}
		// The first byte of the last uuid: ids in tests are counted, so that one with another end exists.
		unknown[name] = rewrite(t, id, func(b []byte) { b[len(b)-16] ^= 0xff })
	}
	return own, foreign, unknown
}
