package demo

// Persona is a caller of the demonstration, for whom a token can be made.
type Persona struct {
	Name string
	// Subject is the token's sub: a party's uuid, or the name of staff or of a
	// service.
	Subject string
	Roles   []string
	// Scope holds the mutations a service's token may call.
	Scope []string
}

// Names of the personas.
const (
	PersonaFreelancer     = "freelancer"
	PersonaAgencyAdmin    = "agency-admin"
	PersonaAgencyMember   = "agency-member"
	PersonaAdvertiser     = "advertiser"
	PersonaProductManager = "product-manager"
	PersonaService        = "service"
	PersonaFinance        = "finance"
	PersonaFinanceSecond  = "finance-second"
	PersonaAuditor        = "auditor"
)

// serviceName is the client that opens wallets, grants and records payments in
// the generated history, so that the service persona is the one seen in it.
const serviceName = "marketplace"

// Personas returns who can be impersonated in the marketplace of a seed. It
// reads nothing: owners' ids follow from the seed, and the first wallets play
// fixed parts whatever the size of the load. The freelancer's wallet has a
// purchase, a promotion, proposals, a whole and a partial return, and a refusal,
// and pays for a few campaigns; agency-admin and agency-member act for the first
// agency and have a wallet of their own, and the admin manages its campaigns. The
// advertiser has no wallet, but most campaigns of all, paid in prepaid money. A
// load without campaigns has none for any of them. Finance is two people, since one
// alone closes no month.
func Personas(seed int64) []Persona {
	party := func(index int) string { return ownerID(seed, index).String() }
	return []Persona{
		{Name: PersonaFreelancer, Subject: party(indexFreelancer), Roles: []string{"FREELANCER"}},
		{Name: PersonaAgencyAdmin, Subject: party(indexAgency + 1), Roles: []string{"FREELANCER", roleAdmin, roleAdvertiser}},
		{Name: PersonaAgencyMember, Subject: party(indexAgency + 2), Roles: []string{"FREELANCER", roleMember}},
		{Name: PersonaAdvertiser, Subject: advertiserID(seed).String(), Roles: []string{roleAdvertiser}},
		{Name: PersonaProductManager, Subject: "demo-product-manager", Roles: []string{"PRODUCT_MANAGER"}},
		{Name: PersonaService, Subject: serviceName, Roles: []string{"SERVICE"}, Scope: []string{
			"captureHold", "closeWallet", "depositAdFunds", "freezeWallet", "grantConnects", "increaseHold", "openAdAccount", "openWallet", "placeHold", "purchaseConnects",
			"recordClickCharges", "releaseHold", "reverseTransaction", "setMembership", "setSpendingLimit", "transferConnects", "unfreezeWallet",
		}},
		{Name: PersonaFinance, Subject: "demo-finance", Roles: []string{"FINANCE"}},
		{Name: PersonaFinanceSecond, Subject: "demo-finance-second", Roles: []string{"FINANCE"}},
		{Name: PersonaAuditor, Subject: "demo-auditor", Roles: []string{"AUDITOR"}},
	}
}

// FindPersona returns the persona of that name; ok is false when there is none.
func FindPersona(seed int64, name string) (persona Persona, ok bool) {
	for _, persona := range Personas(seed) {
		if persona.Name == name {
			return persona, true
		}
	}
	return Persona{}, false
}
