package postgres

import "purser/internal/analytics"

// AnalyticsStatement is the statement that answers a question, with its parameters.
func AnalyticsStatement(scope analytics.Scope, query analytics.Query, plan analytics.Plan) (sql string, arguments []any) {
	return analyticsStatement(scope, query, plan)
}
