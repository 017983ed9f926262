package analytics

var (
	adDimensions   = []Dimension{DimensionDate, DimensionProduct, DimensionCampaign, DimensionAdAccount, DimensionCommodity}
	flowDimensions = []Dimension{DimensionDate, DimensionType, DimensionOrigin}
)

var catalogue = Catalogue{
	Datasets: []DatasetInfo{
		{
			Dataset: AdSpend, Label: "Ad spend", Description: "What ads did and cost, from the same charges as the ledger.",
			Party: "the owner of the ad account", Zone: "each ad account's own",
			Freshness: "at once: figures change in the same commit as the ledger; what ad servers report late is accepted for 120 hours",
		},
		{
			Dataset: WalletFlows, Label: "Wallet flows", Description: "Connects that came into wallets and left them, by the date of the event.",
			Party: "the owner of the wallet", Zone: "UTC", AllOnly: true,
			Freshness: "at once: read from the ledger itself; a correction that is dated back changes the date it is dated to",
		},
	},
	Metrics: []MetricInfo{
		{
			Metric: SpendNet, Dataset: AdSpend, Label: "Net spend", Definition: "SPEND_GROSS less CREDITS; what the ledger says too",
			Type: TypeAmount, NeedsCommodity: true, Additive: true, Dimensions: adDimensions,
			value: func(f Figures) Fraction { return Whole(f.SpendGross - f.Credits) },
		},
		{
			Metric: SpendGross, Dataset: AdSpend, Label: "Gross spend", Definition: "what was charged for clicks",
			Type: TypeAmount, NeedsCommodity: true, Additive: true, Dimensions: adDimensions,
			value: func(f Figures) Fraction { return Whole(f.SpendGross) },
		},
		{
			Metric: Credits, Dataset: AdSpend, Label: "Credits", Definition: "what was given back for invalid clicks and out of goodwill",
			Type: TypeAmount, NeedsCommodity: true, Additive: true, Dimensions: adDimensions,
			value: func(f Figures) Fraction { return Whole(f.Credits) },
		},
		{
			Metric: Impressions, Dataset: AdSpend, Label: "Impressions", Definition: "how often ads were shown, known bots not counted",
			Type: TypeInt, Additive: true, Dimensions: adDimensions,
			value: func(f Figures) Fraction { return Whole(f.Impressions) },
		},
		{
			Metric: Clicks, Dataset: AdSpend, Label: "Clicks", Definition: "valid clicks, charged or not",
			Type: TypeInt, Additive: true, Dimensions: adDimensions,
			value: func(f Figures) Fraction { return Whole(f.Clicks) },
		},
		{
			Metric: MetricCTR, Dataset: AdSpend, Label: "Click-through rate", Definition: "CLICKS / IMPRESSIONS of the whole row; null without impressions",
			Type: TypeDecimal, Dimensions: adDimensions, scale: CTRScale,
			value: func(f Figures) Fraction { return CTR(f.Clicks, f.Impressions) },
		},
		{
			Metric: MetricCPC, Dataset: AdSpend, Label: "Average cost per click",
			Definition: "SPEND_GROSS / billable clicks of the whole row, in Connects or in the currency's major unit; null without billable clicks",
			Type:       TypeDecimal, NeedsCommodity: true, Dimensions: adDimensions, scale: AvgCPCScale,
			value: func(f Figures) Fraction { return AvgCPC(f.SpendGross, f.BillableClicks) },
		},
		{
			Metric: UnitsIn, Dataset: WalletFlows, Label: "Connects in", Definition: "Connects that came into wallets, campaign funds that came back included",
			Type: TypeInt, Additive: true, Dimensions: flowDimensions,
			value: func(f Figures) Fraction { return Whole(f.UnitsIn) },
		},
		{
			Metric: UnitsOut, Dataset: WalletFlows, Label: "Connects out", Definition: "Connects that left wallets, campaign funds included",
			Type: TypeInt, Additive: true, Dimensions: flowDimensions,
			value: func(f Figures) Fraction { return Whole(f.UnitsOut) },
		},
		{
			Metric: UnitsNet, Dataset: WalletFlows, Label: "Connects net", Definition: "UNITS_IN less UNITS_OUT",
			Type: TypeInt, Additive: true, Dimensions: flowDimensions,
			value: func(f Figures) Fraction { return Whole(f.UnitsIn - f.UnitsOut) },
		},
		{
			// One transaction moves lots of several origins: by origin it would be
			// counted several times.
			Metric: Transactions, Dataset: WalletFlows, Label: "Transactions", Definition: "journal entries that moved Connects, counted once for each wallet",
			Type: TypeInt, Additive: true, Dimensions: []Dimension{DimensionDate, DimensionType},
			value: func(f Figures) Fraction { return Whole(f.Transactions) },
		},
	},
	Dimensions: []DimensionInfo{
		{Dimension: DimensionDate, Datasets: []Dataset{AdSpend, WalletFlows}, Label: "Date", Type: TypeDate},
		{Dimension: DimensionProduct, Datasets: []Dataset{AdSpend}, Label: "Product", Type: TypeString, Filter: "products"},
		{Dimension: DimensionCampaign, Datasets: []Dataset{AdSpend}, Label: "Campaign", Type: TypeString, Filter: "campaignIds", ByID: true},
		{Dimension: DimensionAdAccount, Datasets: []Dataset{AdSpend}, Label: "Ad account", Type: TypeString, Filter: "adAccountIds", ByID: true},
		{Dimension: DimensionCommodity, Datasets: []Dataset{AdSpend}, Label: "Commodity", Type: TypeString, Filter: "commodities"},
		{Dimension: DimensionType, Datasets: []Dataset{WalletFlows}, Label: "Transaction type", Type: TypeString, Filter: "types"},
		{Dimension: DimensionOrigin, Datasets: []Dataset{WalletFlows}, Label: "Origin of the lots", Type: TypeString, Filter: "origins"},
	},
	Limits: []LimitInfo{
		{LimitMetrics, MetricsMax},
		{LimitDimensions, DimensionsMax},
		{LimitOrders, OrdersMax},
		{LimitRows, RowsMax},
		{LimitFilterValues, FilterValuesMax},
		{LimitDays, DaysMax},
		{LimitZonedDays, ZonedDaysMax},
		{LimitGroups, GroupsMax},
	},
}
