package resolvers_test

import (
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// matrixMember says how a mutation is brought to return one member of its union.
type matrixMember struct {
	world  string
	repeat bool // send the request once before it is changed
	change func(s *sampler, input map[string]any)
}

// matrixMembers are by mutation and member, else by member, else by mutation.
// AmountOverflow and CampaignLimit are not among them: amounts near 2^63 and 10,000
// campaigns are more than requests of this size can make; nor is HoldExpired of
// placeHold, which only a clock that moves meanwhile leads to. Their rows are listed as
// never reached.
var matrixMembers = map[string]matrixMember{
	"spendConnects:InsufficientFunds":      {change: set("quantity", 1_000_000)},
	"spendConnects:AlreadySpent":           {repeat: true, change: newKey},
	"spendConnects:WalletFrozen":           {world: "frozen"},
	"spendConnects:IdempotencyConflict":    {repeat: true, change: set("quantity", 2)},
	"openWallet:WalletExists":              {repeat: true, change: newKey},
	"openWallet:OwnerMismatch":             {repeat: true, change: all(newKey, asAgency)},
	"openWallet:IdempotencyConflict":       {repeat: true, change: set("timeZone", "Asia/Kolkata")},
	"grantConnects:IdempotencyConflict":    {repeat: true, change: set("quantity", 2)},
	"purchaseConnects:AlreadyRecorded":     {repeat: true, change: newKey},
	"purchaseConnects:IdempotencyConflict": {repeat: true, change: set("quantity", 2)},

	"reverseTransaction:ReversalExceeds":     {change: set("quantity", 1000)},
	"reverseTransaction:NotReversible":       {change: ofCredit},
	"reverseTransaction:InsufficientFunds":   {change: all(ofCredit, allOfIt)},
	"reverseTransaction:IdempotencyConflict": {repeat: true, change: set("quantity", 2)},

	"spendConnects:SpendingLimitExceeded":  {world: "limited"},
	"createCampaign:SpendingLimitExceeded": {world: "limited", change: set("fundMinor", 1)},
	"fundCampaign:SpendingLimitExceeded":   {world: "limited"},

	"placeHold:InsufficientFunds":            {change: set("quantity", 1_000_000)},
	"placeHold:WalletFrozen":                 {world: "frozen"},
	"placeHold:SpendingLimitExceeded":        {world: "limited"},
	"placeHold:IdempotencyConflict":          {repeat: true, change: set("quantity", 2)},
	"increaseHold:InsufficientFunds":         {change: set("quantity", 1_000_000)},
	"increaseHold:HoldClosed":                {change: ofClosedHold},
	"increaseHold:HoldExpired":               {world: "frozen", change: ofExpiredHold},
	"increaseHold:WalletFrozen":              {world: "frozen"},
	"increaseHold:SpendingLimitExceeded":     {world: "limited"},
	"increaseHold:IdempotencyConflict":       {repeat: true, change: set("quantity", 2)},
	"captureHold:HoldExceeded":               {change: set("quantity", 1_000_000)},
	"captureHold:HoldClosed":                 {change: ofClosedHold},
	"captureHold:HoldExpired":                {world: "frozen", change: ofExpiredHold},
	"captureHold:IdempotencyConflict":        {repeat: true, change: set("quantity", 2)},
	"releaseHold:HoldExceeded":               {change: set("quantity", 1_000_000)},
	"releaseHold:HoldClosed":                 {change: ofClosedHold},
	"releaseHold:IdempotencyConflict":        {repeat: true, change: set("quantity", 2)},
	"transferConnects:InsufficientFunds":     {change: set("quantity", 1_000_000)},
	"transferConnects:NotSameOrganisation":   {change: toAPerson},
	"transferConnects:WalletFrozen":          {world: "frozen"},
	"transferConnects:SpendingLimitExceeded": {world: "limited"},
	"transferConnects:IdempotencyConflict":   {repeat: true, change: set("quantity", 2)},
	"setSpendingLimit:IdempotencyConflict":   {repeat: true, change: set("maximum", 1_000_000)},

	// Where wallets are closed, and for a success one that is opened for the request.
	"spendConnects:WalletClosed":             {world: "closed"},
	"grantConnects:WalletClosed":             {world: "closed"},
	"purchaseConnects:WalletClosed":          {world: "closed"},
	"reverseTransaction:WalletClosed":        {world: "closed"},
	"freezeWallet:WalletClosed":              {world: "closed"},
	"placeHold:WalletClosed":                 {world: "closed"},
	"transferConnects:WalletClosed":          {world: "closed"},
	"transferConnects:OriginNotTransferable": {world: "limited", change: set("quantity", 50_000)},
	"setSpendingLimit:WalletClosed":          {world: "closed"},
	"createCampaign:WalletClosed":            {world: "closed"},
	"releaseCampaignFunds:WalletClosed":      {world: "closed"},
	"closeWallet":                            {change: ofNewWallet(0)},
	"closeWallet:WalletNotEmpty":             {change: ofNewWallet(1)},
	"closeWallet:CampaignsNotEnded":          {},
	"closeWallet:WalletClosed":               {world: "closed"},
	"closeWallet:IdempotencyConflict":        {repeat: true, change: set("reason", "another")},

	// A freeze changes what all others would be answered, so a success has a world
	// of its own, and the refusals are asked for where nothing changes.
	"freezeWallet":                         {world: "frozen"},
	"freezeWallet:FreezeWalletSuccess":     {world: "freezing"},
	"freezeWallet:IdempotencyConflict":     {world: "frozen", repeat: true, change: set("reason", "DISPUTE")},
	"unfreezeWallet":                       {world: "active"},
	"unfreezeWallet:UnfreezeWalletSuccess": {world: "unfreezing"},
	"unfreezeWallet:IdempotencyConflict":   {repeat: true, change: set("note", "matrix")},
	"setMembership:IdempotencyConflict":    {repeat: true, change: set("active", false)},

	"openAdAccount:OwnerMismatch":        {repeat: true, change: all(newKey, set("jurisdiction", "DE"))},
	"openAdAccount:NotFound":             {change: fundedByWallet},
	"openAdAccount:IdempotencyConflict":  {repeat: true, change: set("name", "Another")},
	"depositAdFunds:AlreadyRecorded":     {repeat: true, change: newKey},
	"depositAdFunds:WrongCommodity":      {change: ofConnects},
	"depositAdFunds:IdempotencyConflict": {repeat: true, change: set("feeMinor", 1)},

	"createCampaign:NameTaken":           {change: set("name", " SECOND ")},
	"createCampaign:InvalidSchedule":     {change: overBeforeItBegins},
	"createCampaign:BudgetBelowMin":      {change: budget("DAILY", 1)},
	"createCampaign:BidOutOfRange":       {change: set("bidMinor", 1_000_000)},
	"createCampaign:EntityNotPromotable": {change: ofJob},
	"createCampaign:InsufficientFunds":   {change: set("fundMinor", 1_000_000_000)},
	"createCampaign:WalletFrozen":        {world: "frozen", change: set("fundMinor", 1)},
	"createCampaign:IdempotencyConflict": {repeat: true, change: set("bidMinor", 6)},

	"updateCampaign":                         {change: fresh()},
	"updateCampaign:VersionConflict":         {change: set("version", 7)},
	"updateCampaign:NameTaken":               {change: all(fresh(), set("name", "second"))},
	"updateCampaign:InvalidSchedule":         {change: all(fresh(), overBeforeItBegins)},
	"updateCampaign:BudgetBelowMin":          {change: all(fresh(), budget("DAILY", 1))},
	"updateCampaign:BidOutOfRange":           {change: all(fresh(), set("bidMinor", 1_000_000))},
	"updateCampaign:EntityNotPromotable":     {change: all(fresh(), ofJob)},
	"updateCampaign:BelowSpentToday":         {change: all(fresh(charged), budget("DAILY", 110))},
	"updateCampaign:BelowSpent":              {change: all(fresh(charged), budget("LIFETIME", 110))},
	"updateCampaign:EditLimitReached":        {change: all(fresh(edited), set("version", 16), budget("DAILY", 900))},
	"updateCampaign:LargeChangeNeedsConfirm": {change: all(fresh(), budget("DAILY", 100))},
	"updateCampaign:CampaignEnded":           {change: all(fresh(ended), set("version", 2))},
	"updateCampaign:IdempotencyConflict":     {repeat: true, change: set("bidMinor", 6)},

	"setCampaignStatus":                     {change: all(fresh(funded), set("status", "ENABLED"))},
	"setCampaignStatus:VersionConflict":     {change: set("version", 7)},
	"setCampaignStatus:IllegalTransition":   {},
	"setCampaignStatus:NoFunds":             {change: all(fresh(), set("status", "ENABLED"))},
	"setCampaignStatus:IdempotencyConflict": {repeat: true, change: set("status", "DRAFT")},
	"setCampaignStatuses":                   {change: all(fresh(funded), set("status", "ENABLED"))},

	"fundCampaign:InsufficientFunds":           {change: set("amountMinor", 1_000_000_000)},
	"fundCampaign:WalletFrozen":                {world: "frozen"},
	"fundCampaign:CampaignEnded":               {change: fresh(ended)},
	"fundCampaign:IdempotencyConflict":         {repeat: true, change: set("amountMinor", 2)},
	"releaseCampaignFunds:InsufficientFunds":   {change: set("amountMinor", 1_000_000_000)},
	"releaseCampaignFunds:IdempotencyConflict": {repeat: true, change: set("amountMinor", 2)},
	"recordClickCharges:AlreadyRecorded":       {repeat: true, change: newKey},
	"recordClickCharges:IdempotencyConflict":   {repeat: true, change: set("clicks", 2)},

	// Each asks for a period of its own where nothing is closed, so that any may be.
	"closePeriod:ClosePeriodSuccess":      {change: set("period", "2025-01")},
	"closePeriod:SecondApproverRequired":  {repeat: true, change: newKey},
	"closePeriod:NotSequential":           {world: "frozen"},
	"closePeriod:PeriodNotOver":           {change: set("period", "2026-03")},
	"closePeriod:InvariantFailed":         {world: "unfreezing"},
	"closePeriod:RequestPending":          {world: "frozen", change: set("period", "2026-02")},
	"closePeriod:IdempotencyConflict":     {repeat: true, change: set("reason", "another")},
	"reopenPeriod:ReopenPeriodSuccess":    {world: "freezing", change: set("period", "2026-02")},
	"reopenPeriod:SecondApproverRequired": {world: "frozen", change: set("period", "2026-02")},
	"reopenPeriod:NotSequential":          {world: "limited"},
	"reopenPeriod:RequestPending":         {change: set("period", "2025-03")},
	"reopenPeriod:IdempotencyConflict":    {repeat: true, change: set("reason", "another")},

	"withdrawPeriodRequest:WithdrawPeriodRequestSuccess": {change: ofRequest("2025-04")},
	"withdrawPeriodRequest:NoRequestPending":             {change: set("period", "2025-05")},
	"withdrawPeriodRequest:NotRequester":                 {change: set("period", "2025-06")},
	"withdrawPeriodRequest:IdempotencyConflict":          {repeat: true, change: set("reason", "another")},

	"ValidationFailed": {change: set("idempotencyKey", "short")},
}

// memberOf is how a probe is asked for: queries in the world that has most to show.
func memberOf(p probe) matrixMember {
	if p.operation == ast.Query {
		return matrixMember{world: "frozen"}
	}
	for _, key := range []string{p.root.Name + ":" + p.member, p.member, p.root.Name} {
		if member, known := matrixMembers[key]; known {
			if member.world == "" {
				member.world = "active"
			}
			return member
		}
	}
	return matrixMember{world: "active"}
}

func set(name string, value any) func(*sampler, map[string]any) {
	return func(_ *sampler, input map[string]any) { input[name] = value }
}

func all(changes ...func(*sampler, map[string]any)) func(*sampler, map[string]any) {
	return func(s *sampler, input map[string]any) {
		for _, change := range changes {
			change(s, input)
		}
	}
}

func newKey(s *sampler, input map[string]any) { input["idempotencyKey"] = s.world.key() }

// asAgency says of a party that it is an organisation.
func asAgency(_ *sampler, input map[string]any) {
	input["kind"], input["owner"] = "AGENCY", map[string]any{"organisationId": input["owner"].(map[string]any)["partyId"]}
}

// allOfIt undoes a transaction wholly, as a mistake.
func allOfIt(_ *sampler, input map[string]any) {
	delete(input, "quantity")
	input["reason"] = "CORRECTION"
}

// ofCredit aims at a transaction that brought units, part of which are spent.
func ofCredit(s *sampler, input map[string]any) { input["transactionId"] = s.id(creditID) }

// ofClosedHold aims at a hold that was placed and given back for the request, by the
// one who may; whoever may not, and whoever aims at nothing, aims at the one that is
// there.
func ofClosedHold(s *sampler, input map[string]any) {
	wallet := s.aim["Wallet"]
	if s.caller.opensAll != ast.Mutation || wallet != s.world.names["wallet"] && wallet != s.world.names["foreign"] {
		return
	}
	hold := s.world.place(wallet, 1, s.world.clock().Add(24*time.Hour))
	s.world.mutate(serviceToken, releaseMutation, map[string]any{"idempotencyKey": s.world.key(), "holdId": hold})
	input["holdId"] = hold
}

// ofNewWallet aims at a wallet that was opened for the request, with so many units, as
// ofClosedHold does at a hold.
func ofNewWallet(units int) func(*sampler, map[string]any) {
	return func(s *sampler, input map[string]any) {
		aim := s.aim["Wallet"]
		if s.caller.opensAll != ast.Mutation || aim != s.world.names["wallet"] && aim != s.world.names["foreign"] {
			return
		}
		id := s.world.openParty(s.world.newID(), "IN", "UTC")
		if units > 0 {
			s.world.grant(id, "PLAN", units)
		}
		input["walletId"] = id
	}
}

// ofRequest aims at a period that the one who may has asked for.
func ofRequest(period string) func(*sampler, map[string]any) {
	return func(s *sampler, input map[string]any) {
		input["period"] = period
		if s.caller.token == financeToken {
			s.world.mutate(financeToken, closeMutation, s.world.signing(period))
		}
	}
}

// ofExpiredHold aims at a hold that has expired and that nobody has released.
func ofExpiredHold(s *sampler, input map[string]any) { input["holdId"] = s.id(expiredHoldID) }

// toAPerson transfers to a wallet that is nobody's of the organisation, unless it is.
func toAPerson(s *sampler, input map[string]any) { input["toWalletId"] = s.id("Wallet") }
