package resolvers_test

import (
	"strings"
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
	caller matrixCaller
	aimed  bool // some argument names an object of aim
}

// masked is an answer without the ids that were asked for, which some fields echo.
func (s *sampler) masked(raw string) string {
	for name, id := range s.aim {
		if name != managerToken && name != organisationID {
			raw = strings.ReplaceAll(raw, id, name)
		}
	}
	return raw
}

// samplesByName are values of arguments and input fields that cannot be any value
// of their type. Names are those of one input where they have it before a dot.
var samplesByName = map[string]any{
	"first": 5, "withinDays": 366, "from": "2026-03-01", "to": "2026-03-06", "jurisdiction": "IN", "timeZone": "UTC", "rule": "matrix", "role": "AGENCY_ADMIN",
	"startsAt": "2026-03-06T00:00:00Z", "minuteAt": "2026-03-05T12:00:00Z", "bidMinor": 5, "impressions": 2, "clicks": 1, "chargeMinor": 1,
	"FundCampaignInput.amountMinor": 1, "ReleaseCampaignFundsInput.amountMinor": 1, "OpenAdAccountInput.commodity": "USD",
	"CampaignOrderInput.by": "SPEND_NET", "SetCampaignStatusInput.status": "ARCHIVED", "SetCampaignStatusesInput.status": "ARCHIVED",
	"ClosePeriodInput.period": "2025-02", "ClosePeriodInput.reason": "matrix", "ReopenPeriodInput.period": "2025-02", "ReopenPeriodInput.reason": "matrix", "CloseWalletInput.reason": "matrix",
	"WithdrawPeriodRequestInput.period": "2025-02", "WithdrawPeriodRequestInput.reason": "matrix",
	"deferredRevenueRollforward.period": "2026-03", "outstandingLiability.by": []string{"JURISDICTION", "ORIGIN", "MONEY"},
	"LedgerAccountInput.book": 4, "LedgerAccountInput.code": "2000", "LedgerAccountInput.commodity": "USD",
	"AnalyticsQuery.metrics": []string{"SPEND_NET", "CTR", "CLICKS"}, "AnalyticsQuery.dimensions": []string{"COMMODITY", "DATE", "CAMPAIGN"},
}

// samplesByType are values that fit wherever the type does.
var samplesByType = map[string]any{
	"Connects": 1, "BigInt": "100", "Int": 1, "Boolean": true, "CurrencyCode": "USD", "Date": "2026-03-01", "DateTime": "2026-03-01T12:00:00Z",
}

// samplesOfOptional are passed although they could be left out: a connection needs
// one of first and last, a range dates, and a question dimensions of every type; a
// forecast has more to show of a year, figures beside others, a list by a metric;
// and undoing one unit at a time leaves some for the next request.
var samplesOfOptional = map[string]bool{
	"first": true, "withinDays": true, "ReverseTransactionInput.quantity": true, "DateRangeInput.from": true, "DateRangeInput.to": true,
	"AnalyticsQuery.dimensions": true, "AnalyticsQuery.compare": true, "performance.compare": true, "campaigns.order": true, "campaigns.range": true,
	"ReleaseHoldInput.quantity": true, "outstandingLiability.by": true, "performance.range": true, "reconciliation.range": true, "UpdateCampaignInput.bidMinor": true, "ReleaseCampaignFundsInput.amountMinor": true,
}

// idsByName says of which type the ids in these arguments are, or what else of the
// target they name.
var idsByName = map[string]string{
	"walletId": "Wallet", "transactionId": "Transaction", "organisationId": organisationID, "adAccountId": "AdAccount", "campaignId": "Campaign",
	"holdId": "Hold", "fromWalletId": poolID, "toWalletId": memberWalletID,
	"campaignIds": "Campaign", "DepositAdFundsInput.adAccountId": prepaidID,
}

// wants reports whether an argument or input field is passed.
func (s *sampler) wants(owner, name string, typ *ast.Type, unless *ast.Value) bool {
	return typ.NonNull && unless == nil || samplesOfOptional[name] || samplesOfOptional[owner+"."+name]
}

// value makes a value for an argument of a field, or below one; owner is the input
// that it is a field of, "" for an argument.
func (s *sampler) value(field *ast.FieldDefinition, owner, name string, typ *ast.Type) any {
	s.t.Helper()
	for _, key := range []string{owner + "." + name, name} {
		if sample, named := samplesByName[key]; named {
			return sample
		}
		if idsByName[key] == "" {
			continue
		}
		if id := s.id(idsByName[key]); typ.Elem == nil {
			return id
		} else {
			return []any{id}
		}
	}
	if typ.Elem != nil {
		return []any{s.value(field, owner, name, typ.Elem)}
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
			input[member.Name] = s.value(field, def.Name, member.Name, member.Type)
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
	case typeName == "ID" && s.member != "":
		return s.id(s.member)
	case typeName == "ID":
		return s.id(field.Type.Name())
	case typeName == "UUID":
		return s.world.newID().String()
	case name == "idempotencyKey", name == "paymentReference", name == "batchId", name == "name":
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
