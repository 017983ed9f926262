package resolvers

import (
	"context"
	"encoding/base64"
	"encoding/binary"

	"purser/graph/model"
	"purser/internal/campaign"
	"purser/internal/wallet"
	"purser/ledger"
)

// nodeType is the byte of an id that says what it names. Numbers are never used
// again for another type: ids outlive what they name.
type nodeType byte

const (
	nodeWallet      nodeType = 1
	nodeLot         nodeType = 2
	nodeTransaction nodeType = 3
	nodeJournal     nodeType = 4
	nodeAdAccount   nodeType = 5
	nodeCampaign    nodeType = 6
	nodeHold        nodeType = 7
)

const (
	idVersion = 0x01
	// Bytes of an id: version, type, book and uuid; a transaction has the
	// journal's uuid behind its wallet's.
	idBytes            = 1 + 1 + 4 + 16
	transactionIDBytes = idBytes + 16
)

// nodeID is what an opaque id says. The book is a hint where to look, never a
// right to see. The zero nodeID names nothing.
type nodeID struct {
	kind    nodeType
	book    ledger.BookID
	id      ledger.ID
	journal ledger.ID // of a transaction; id is then the wallet's
}

// String returns the opaque id: unpadded base64url.
func (n nodeID) String() string {
	b := make([]byte, 0, transactionIDBytes)
	b = append(b, idVersion, byte(n.kind))
	b = binary.BigEndian.AppendUint32(b, uint32(n.book))
	b = append(b, n.id[:]...)
	if n.kind == nodeTransaction {
		b = append(b, n.journal[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseID reads an opaque id. Whatever is not exactly what String returns is the
// zero nodeID: the caller goes on as with an id that names nothing, so that one
// that is malformed costs and answers the same.
func parseID(text string) nodeID {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < idBytes || b[0] != idVersion {
		return nodeID{}
	}
	n := nodeID{kind: nodeType(b[1]), book: ledger.BookID(binary.BigEndian.Uint32(b[2:6])), id: ledger.ID(b[6:22])}
	switch n.kind {
	case nodeWallet, nodeLot, nodeJournal, nodeAdAccount, nodeCampaign, nodeHold:
	case nodeTransaction:
		if len(b) != transactionIDBytes {
			return nodeID{}
		}
		n.journal = ledger.ID(b[22:38])
	default:
		return nodeID{}
	}
	if n.String() != text {
		return nodeID{}
	}
	return n
}

// walletRef returns the wallet an id names; for an id of anything else, one that
// does not exist.
func walletRef(id string) wallet.Ref {
	n := parseID(id)
	if n.kind != nodeWallet {
		return wallet.Ref{}
	}
	return wallet.Ref{Book: n.book, ID: n.id}
}

// journalRef returns the journal an id names; for an id of anything else, one
// that does not exist.
func journalRef(id string) wallet.JournalRef {
	n := parseID(id)
	if n.kind != nodeJournal {
		return wallet.JournalRef{}
	}
	return wallet.JournalRef{Book: n.book, ID: n.id}
}

// transactionRef returns the transaction an id names; for an id of anything else,
// one that does not exist.
func transactionRef(id string) wallet.TransactionRef {
	n := parseID(id)
	if n.kind != nodeTransaction {
		return wallet.TransactionRef{}
	}
	return wallet.TransactionRef{Wallet: wallet.Ref{Book: n.book, ID: n.id}, Journal: n.journal}
}

// adAccountRef returns the ad account an id names; for an id of anything else, one
// that does not exist.
func adAccountRef(id string) campaign.Ref { return campaignRefOf(nodeAdAccount, id) }

// campaignRef returns the campaign an id names; for an id of anything else, one
// that does not exist.
func campaignRef(id string) campaign.Ref { return campaignRefOf(nodeCampaign, id) }

func campaignRefOf(kind nodeType, id string) campaign.Ref {
	n := parseID(id)
	if n.kind != kind {
		return campaign.Ref{}
	}
	return campaign.Ref{Book: n.book, ID: n.id}
}

func adAccountID(ref campaign.Ref) string {
	return nodeID{kind: nodeAdAccount, book: ref.Book, id: ref.ID}.String()
}

func campaignID(ref campaign.Ref) string {
	return nodeID{kind: nodeCampaign, book: ref.Book, id: ref.ID}.String()
}

func walletID(ref wallet.Ref) string {
	return nodeID{kind: nodeWallet, book: ref.Book, id: ref.ID}.String()
}

func holdID(book ledger.BookID, id ledger.ID) string {
	return nodeID{kind: nodeHold, book: book, id: id}.String()
}

// holdName returns the hold an id names; for an id of anything else, one that does
// not exist.
func holdName(id string) wallet.HoldName {
	n := parseID(id)
	if n.kind != nodeHold {
		return wallet.HoldName{}
	}
	return wallet.HoldName{Book: n.book, ID: n.id}
}

func lotID(book ledger.BookID, id ledger.ID) string {
	return nodeID{kind: nodeLot, book: book, id: id}.String()
}

func journalID(book ledger.BookID, id ledger.ID) string {
	return nodeID{kind: nodeJournal, book: book, id: id}.String()
}

func transactionID(ref wallet.TransactionRef) string {
	return nodeID{kind: nodeTransaction, book: ref.Wallet.Book, id: ref.Wallet.ID, journal: ref.Journal}.String()
}

// nodesMax bounds the ids of one Query.nodes.
const nodesMax = 100

// Node implements graph.QueryResolver.
func (q queryResolver) Node(ctx context.Context, id string) (model.Node, error) {
	nodes, err := q.nodes(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return nodes[0], nil
}

// Nodes implements graph.QueryResolver.
func (q queryResolver) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) == 0 || len(ids) > nodesMax {
		return nil, invalidArgument("ids", "expected 1 to %d ids, got %d", nodesMax, len(ids))
	}
	return q.nodes(ctx, ids)
}

// nodes reads the objects of each type at once: as many reads as there are types
// among the ids, whatever their number.
func (q queryResolver) nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	wanted := nodeRefsOf(ctx, ids)
	found := map[nodeID]model.Node{}
	for _, read := range []func(context.Context, *nodeRefs, map[nodeID]model.Node) error{
		q.walletNodes, q.lotNodes, q.holdNodes, q.transactionNodes, q.journalNodes, q.adNodes,
	} {
		if err := read(ctx, wanted, found); err != nil {
			return nil, err
		}
	}
	nodes := make([]model.Node, len(ids))
	for i, id := range wanted.ids {
		nodes[i] = found[id]
	}
	return nodes, nil
}

// nodeRefs are the ids of one request by type.
type nodeRefs struct {
	ids          []nodeID
	wallets      []wallet.Ref
	lots         []wallet.LotRef
	holds        []wallet.HoldName
	transactions []wallet.TransactionRef
	journals     []wallet.JournalRef
	adAccounts   []campaign.Ref
	campaigns    []campaign.Ref
}

// nodeRefsOf sorts ids by type. What names nothing, and a journal for a caller
// whose role opens none, is looked for among the wallets, where it is not.
func nodeRefsOf(ctx context.Context, ids []string) *nodeRefs {
	wanted := &nodeRefs{ids: make([]nodeID, len(ids))}
	for i, text := range ids {
		id := parseID(text)
		if id.kind == nodeJournal && !mayReadJournals(ctx) {
			id = nodeID{}
		}
		wanted.ids[i] = id
		ref := wallet.Ref{Book: id.book, ID: id.id}
		switch id.kind {
		case nodeLot:
			wanted.lots = append(wanted.lots, wallet.LotRef(ref))
		case nodeHold:
			wanted.holds = append(wanted.holds, wallet.HoldName(ref))
		case nodeTransaction:
			wanted.transactions = append(wanted.transactions, wallet.TransactionRef{Wallet: ref, Journal: id.journal})
		case nodeJournal:
			wanted.journals = append(wanted.journals, wallet.JournalRef(ref))
		case nodeAdAccount:
			wanted.adAccounts = append(wanted.adAccounts, campaign.Ref(ref))
		case nodeCampaign:
			wanted.campaigns = append(wanted.campaigns, campaign.Ref(ref))
		case nodeWallet:
			wanted.wallets = append(wanted.wallets, ref)
		default:
			wanted.wallets = append(wanted.wallets, wallet.Ref{})
		}
	}
	return wanted
}
