package resolvers_test

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// sampler makes the arguments of one request.
type sampler struct {
	t      *testing.T
	schema *ast.Schema
	world  *world
	aim    target
	member string // what the root field is to return, "" when there is no choice
	aimed  bool   // some argument names an object of aim
}

// samplesByName are values of arguments and input fields that cannot be any value
// of their type.
var samplesByName = map[string]any{
	"first": 5, "withinDays": 366, "from": "2026-03-01", "to": "2026-03-06", "jurisdiction": "IN", "timeZone": "UTC", "rule": "matrix", "role": "AGENCY_ADMIN",
}

// samplesByType are values that fit wherever the type does.
var samplesByType = map[string]any{
	"Connects": 1, "BigInt": "100", "Int": 1, "Boolean": true, "CurrencyCode": "USD", "Date": "2026-03-01", "DateTime": "2026-03-01T12:00:00Z",
}

// samplesOfOptional are passed although they could be left out: a connection needs
// one of first and last, a forecast has more to show of a year, and undoing one
// unit at a time leaves some for the next request.
var samplesOfOptional = map[string]bool{"first": true, "withinDays": true, "ReverseTransactionInput.quantity": true}

// idsByName says of which type the ids in these arguments are, or what else of the
// target they name.
var idsByName = map[string]string{"walletId": "Wallet", "transactionId": "Transaction", "organisationId": organisationID}

// wants reports whether an argument or input field is passed.
func (s *sampler) wants(owner, name string, typ *ast.Type, unless *ast.Value) bool {
	return typ.NonNull && unless == nil || samplesOfOptional[name] || samplesOfOptional[owner+"."+name]
}

// value makes a value for an argument of a field, or below one.
func (s *sampler) value(field *ast.FieldDefinition, name string, typ *ast.Type) any {
	s.t.Helper()
	if typ.Elem != nil {
		return []any{s.value(field, name, typ.Elem)}
	}
	if sample, named := samplesByName[name]; named {
		return sample
	}
	def := s.schema.Types[typ.NamedType]
	switch def.Kind {
	case ast.Enum:
		return def.EnumValues[0].Name
	case ast.InputObject:
		return s.input(field, def)
	default:
		return s.scalar(field, name, def.Name)
	}
}

// input makes an input object: all that is required; of a choice, the first.
func (s *sampler) input(field *ast.FieldDefinition, def *ast.Definition) map[string]any {
	s.t.Helper()
	input := map[string]any{}
	for _, member := range def.Fields {
		choice := def.Directives.ForName("oneOf") != nil
		if choice || s.wants(def.Name, member.Name, member.Type, member.DefaultValue) {
			input[member.Name] = s.value(field, member.Name, member.Type)
		}
		if choice {
			break
		}
	}
	return input
}

func (s *sampler) scalar(field *ast.FieldDefinition, name, typeName string) any {
	s.t.Helper()
	switch {
	case idsByName[name] != "":
		return s.id(idsByName[name])
	case typeName == "ID" && s.member != "":
		return s.id(s.member)
	case typeName == "ID":
		return s.id(field.Type.Name())
	case typeName == "UUID":
		return s.world.newID().String()
	case name == "idempotencyKey", name == "paymentReference":
		return s.world.key()
	}
	sample, known := samplesByType[typeName]
	if !known {
		s.t.Fatalf("%s(%s: %s): no sample value; add one by name or by type", field.Name, name, typeName)
	}
	return sample
}

func (s *sampler) id(of string) string {
	s.t.Helper()
	id, known := s.aim[of]
	if !known {
		s.t.Fatalf("no object of type %s to ask for; add one to the targets", of)
	}
	s.aimed = true
	return id
}

// matrixMember says how a mutation is brought to return one member of its union.
type matrixMember struct {
	world  string
	repeat bool // send the request once before it is changed
	change func(s *sampler, input map[string]any)
}

// matrixMembers are by mutation and member, else by member, else by mutation.
// AmountOverflow is not among them: units near 2^63 are more than requests of this
// size can grant, so that its rows are listed as never reached.
var matrixMembers = map[string]matrixMember{
	"spendConnects:InsufficientFunds":      {change: set("quantity", 1_000_000)},
	"spendConnects:AlreadySpent":           {repeat: true, change: newKey},
	"spendConnects:WalletFrozen":           {world: "frozen"},
	"spendConnects:IdempotencyConflict":    {repeat: true, change: set("quantity", 2)},
	"openWallet:WalletExists":              {repeat: true, change: newKey},
	"openWallet:OwnerMismatch":             {repeat: true, change: both(newKey, asAgency)},
	"openWallet:IdempotencyConflict":       {repeat: true, change: set("timeZone", "Asia/Kolkata")},
	"grantConnects:IdempotencyConflict":    {repeat: true, change: set("quantity", 2)},
	"purchaseConnects:AlreadyRecorded":     {repeat: true, change: newKey},
	"purchaseConnects:IdempotencyConflict": {repeat: true, change: set("quantity", 2)},

	"reverseTransaction:ReversalExceeds":     {change: set("quantity", 1000)},
	"reverseTransaction:NotReversible":       {change: ofCredit},
	"reverseTransaction:InsufficientFunds":   {change: both(ofCredit, allOfIt)},
	"reverseTransaction:IdempotencyConflict": {repeat: true, change: set("quantity", 2)},

	// A freeze changes what all others would be answered, so a success has a world
	// of its own, and the refusals are asked for where nothing changes.
	"freezeWallet":                         {world: "frozen"},
	"freezeWallet:FreezeWalletSuccess":     {world: "freezing"},
	"freezeWallet:IdempotencyConflict":     {world: "frozen", repeat: true, change: set("reason", "DISPUTE")},
	"unfreezeWallet":                       {world: "active"},
	"unfreezeWallet:UnfreezeWalletSuccess": {world: "unfreezing"},
	"unfreezeWallet:IdempotencyConflict":   {repeat: true, change: set("note", "matrix")},
	"setMembership:IdempotencyConflict":    {repeat: true, change: set("active", false)},
	"ValidationFailed":                     {change: set("idempotencyKey", "short")},
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

func both(first, second func(*sampler, map[string]any)) func(*sampler, map[string]any) {
	return func(s *sampler, input map[string]any) {
		first(s, input)
		second(s, input)
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
