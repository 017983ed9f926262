package resolvers

import (
	"context"
	"errors"
	"fmt"

	"purser/graph/model"
	"purser/internal/analytics"
	"purser/internal/auth"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/ledger"
)

// Analytics implements graph.QueryResolver.
func (q queryResolver) Analytics(ctx context.Context, query model.AnalyticsQuery) (*model.AnalyticsResult, error) {
	question, err := questionOf(query)
	if err != nil {
		return nil, err
	}
	result, err := q.reader.Analyse(ctx, analyticsScope(ctx), question)
	if err != nil {
		return nil, questionError(err)
	}
	return resultModel(result)
}

// analyticsScope is whose figures the caller may ask about. Who has several roles
// gets the widest: every group for FINANCE and AUDITOR, aggregates over everyone
// for PRODUCT_MANAGER, and otherwise what they reach themselves.
func analyticsScope(ctx context.Context) analytics.Scope {
	p, _ := auth.FromContext(ctx)
	scope := analytics.Scope{Caller: readerOf(p)}
	scope.Aggregated = p.Has(auth.RoleProductManager) && !scope.Caller.All
	return scope
}

// questionOf turns the input into the domain's question, which is checked there.
func questionOf(in model.AnalyticsQuery) (question analytics.Query, err error) {
	question = analytics.Query{
		Dataset: analytics.Dataset(in.Dataset), Metrics: namesAs[analytics.Metric](in.Metrics),
		Dimensions: namesAs[analytics.Dimension](in.Dimensions), Filters: questionFilters(in.Filter),
		Grain: analytics.Grain(in.Grain), Limit: int(in.Limit),
	}
	if question.Range, err = rangeShape("query.range", *in.Range); err != nil {
		return question, err
	}
	if in.Compare != nil {
		question.Compare = domain.Comparison(*in.Compare)
	}
	if in.TimeZone != nil {
		if question.TimeZone = *in.TimeZone; question.TimeZone == "" {
			return question, invalidArgument("query.timeZone", "timeZone must be an IANA time zone such as Asia/Kathmandu")
		}
	}
	for _, step := range in.OrderBy {
		order := analytics.Order{Descending: step.Direction == model.SortDirectionDesc}
		if step.Metric != nil {
			order.Metric = analytics.Metric(*step.Metric)
		}
		if step.Dimension != nil {
			order.Dimension = analytics.Dimension(*step.Dimension)
		}
		question.OrderBy = append(question.OrderBy, order)
	}
	return question, nil
}

// questionFilters are the filters that are given, an empty one included: that it has
// no value is for the question's own check to say.
func questionFilters(in *model.AnalyticsFilter) []analytics.Filter {
	if in == nil {
		return nil
	}
	var filters []analytics.Filter
	add := func(given bool, filter analytics.Filter) {
		if given {
			filters = append(filters, filter)
		}
	}
	add(in.Products != nil, analytics.Filter{Dimension: analytics.DimensionProduct, Values: namesAs[string](in.Products)})
	add(in.Commodities != nil, analytics.Filter{Dimension: analytics.DimensionCommodity, Values: namesAs[string](in.Commodities)})
	add(in.CampaignIds != nil, analytics.Filter{Dimension: analytics.DimensionCampaign, Refs: refsOf(in.CampaignIds, campaignRef)})
	add(in.AdAccountIds != nil, analytics.Filter{Dimension: analytics.DimensionAdAccount, Refs: refsOf(in.AdAccountIds, adAccountRef)})
	add(in.Types != nil, analytics.Filter{Dimension: analytics.DimensionType, Values: namesAs[string](in.Types)})
	add(in.Origins != nil, analytics.Filter{Dimension: analytics.DimensionOrigin, Values: namesAs[string](in.Origins)})
	return filters
}

func namesAs[To, From ~string](from []From) []To {
	names := make([]To, len(from))
	for i, name := range from {
		names[i] = To(name)
	}
	return names
}

// refsOf reads ids. One that names nothing is kept, as something that does not
// exist: it counts nothing.
func refsOf(ids []string, read func(string) campaign.Ref) []analytics.Ref {
	refs := make([]analytics.Ref, len(ids))
	for i, id := range ids {
		refs[i] = analytics.Ref(read(id))
	}
	return refs
}

// questionError turns what is wrong with a question into the error of the field,
// which names the part of the argument, and the limit if it is one.
func questionError(err error) error {
	var wrong *analytics.QueryError
	if !errors.As(err, &wrong) {
		return err
	}
	told := &fieldError{code: model.ErrorCodeValidationFailed, argument: "query." + wrong.Field, message: wrong.Message}
	switch wrong.Kind {
	case analytics.ErrorLimit:
		told.code, told.limit, told.limitMax = model.ErrorCodeLimitExceeded, wrong.Limit, wrong.Max
	case analytics.ErrorForbidden:
		told.code = model.ErrorCodeForbidden
	case analytics.ErrorUnknown, analytics.ErrorIncompatible, analytics.ErrorInvalid, analytics.ErrorCommodity:
	}
	return told
}

func resultModel(r *analytics.Result) (*model.AnalyticsResult, error) {
	shown := &model.AnalyticsResult{
		Dataset: model.Dataset(r.Dataset), Range: analyticsRange(r.Range), AsOf: r.AsOf, Watermark: r.Watermark,
		Finality: model.Finality(r.Finality), Source: string(r.Source), Columns: make([]*model.AnalyticsColumn, len(r.Columns)),
		Rows: make([]*model.AnalyticsRow, len(r.Rows)), RowCount: int32(len(r.Rows)), Truncated: r.Truncated, MinimumParties: int32(r.PartiesMin),
	}
	if r.Compared != (domain.Dates{}) {
		shown.ComparedRange = analyticsRange(r.Compared)
	}
	if r.TimeZone != "" {
		shown.TimeZone = &r.TimeZone
	}
	for i, column := range r.Columns {
		shown.Columns[i] = columnModel(column)
	}
	var err error
	for i, row := range r.Rows {
		if shown.Rows[i], err = rowModel(r.Columns, row); err != nil {
			return nil, err
		}
	}
	if r.Totals != nil {
		shown.Totals, err = rowModel(r.Columns, *r.Totals)
	}
	return shown, err
}

func analyticsRange(dates domain.Dates) *model.AnalyticsRange {
	return &model.AnalyticsRange{From: scalar.Date(dates.From), To: scalar.Date(dates.To)}
}

func columnModel(c analytics.Column) *model.AnalyticsColumn {
	shown := &model.AnalyticsColumn{Key: c.Key, Type: model.CellType(c.Type), Label: c.Label}
	if c.Metric != "" {
		metric := model.Metric(c.Metric)
		shown.Metric = &metric
	}
	if c.Dimension != "" {
		dimension := model.Dimension(c.Dimension)
		shown.Dimension = &dimension
	}
	return shown
}

// otherText stands in the row of folded groups for what they are by.
const otherText = "OTHER"

func rowModel(columns []analytics.Column, row analytics.Row) (*model.AnalyticsRow, error) {
	shown := &model.AnalyticsRow{Cells: make([]model.Cell, len(row.Cells)), IsOther: row.Other}
	for i, cell := range row.Cells {
		column := columns[i]
		if cell == nil && row.Other && column.Dimension != "" && column.Type == analytics.TypeString {
			shown.Cells[i] = model.StringCell{String: otherText}
			continue
		}
		var err error
		if shown.Cells[i], err = cellModel(column.Dimension, cell); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

// cellModel shows a value; nil for null.
func cellModel(dimension analytics.Dimension, cell analytics.Cell) (model.Cell, error) {
	switch cell := cell.(type) {
	case nil:
		return nil, nil //nolint:nilnil // the schema's null
	case analytics.IntCell:
		return model.IntCell{Int: int64(cell)}, nil
	case analytics.Decimal:
		return model.DecimalCell{Decimal: scalar.NewDecimal(cell.Coefficient, cell.Scale)}, nil
	case analytics.AmountCell:
		return model.AmountCell{Amount: amountModel(cell.Commodity, cell.Minor)}, nil
	case analytics.DateCell:
		return model.DateCell{Date: scalar.Date(ledger.Date(cell))}, nil
	case analytics.StringCell:
		return stringCell(dimension, cell), nil
	default:
		return nil, fmt.Errorf("show a cell of type %T", cell)
	}
}

func stringCell(dimension analytics.Dimension, cell analytics.StringCell) model.StringCell {
	shown := model.StringCell{String: cell.Text}
	if cell.Ref == (analytics.Ref{}) {
		return shown
	}
	id := campaignID(campaign.Ref(cell.Ref))
	if dimension == analytics.DimensionAdAccount {
		id = adAccountID(campaign.Ref(cell.Ref))
	}
	shown.ID = &id
	return shown
}
