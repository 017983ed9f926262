package campaign_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

func TestServiceCommands(t *testing.T) {
	t.Parallel()
	t.Run("a_retry_has_the_same_key_and_fingerprint", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		in := d.plan(d.connects)
		in.Schedule.EndsAt, in.FundMinor = midday.Add(time.Hour), 5
		for range 2 {
			if _, err := d.Create(t.Context(), d.advertiser(), in); err != nil {
				t.Fatal(err)
			}
		}
		first, second := d.posted.commands[0], d.posted.commands[1]
		if want := (ledger.KeyScope{Principal: d.advertiser().Principal, Mutation: "createCampaign", Owner: d.party}); first.Key.Scope != want {
			t.Errorf("the key's scope is %+v, want %+v", first.Key.Scope, want)
		}
		if first.Key != second.Key || first.Fingerprint != second.Fingerprint || first.ID == second.ID {
			t.Errorf("got %+v and %+v, want one key and fingerprint, two ids", first.Key, second.Key)
		}
	})
	t.Run("another_body_has_another_fingerprint", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		changes := []func(*campaign.Update){
			func(*campaign.Update) {},
			func(u *campaign.Update) { u.Version = 2 },
			func(u *campaign.Update) { u.Budget = lifetime(1001) },
			func(u *campaign.Update) { u.ConfirmLargeChange = true },
			func(u *campaign.Update) { u.Name = &u.Key },
			func(u *campaign.Update) { u.BidMinor = &u.Version },
			func(u *campaign.Update) { u.Ad = &campaign.Ad{Type: campaign.EntityProfile, ID: ledger.ID{1}} },
			func(u *campaign.Update) { u.Schedule = &campaign.Schedule{StartsAt: midday} },
			func(u *campaign.Update) {
				u.Schedule = &campaign.Schedule{StartsAt: midday, EndsAt: midday.Add(time.Hour)}
			},
		}
		seen := map[ledger.Fingerprint]int{}
		for i, change := range changes {
			if err := d.update(change); err != nil {
				t.Fatal(err)
			}
			print := d.posted.commands[i].Fingerprint
			if other, found := seen[print]; found {
				t.Errorf("bodies %d and %d have one fingerprint", other, i)
			}
			seen[print] = i
		}
	})
	t.Run("names_stay_out_of_journals", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		const name = "Jane Doe of Springfield"
		again := name
		if err := errors.Join(
			d.create(func(c *campaign.Create) { c.Name = name }), d.update(func(u *campaign.Update) { u.Name = &again }),
			d.openAdAccount(func(o *campaign.OpenAdAccount) { o.Name = name }),
		); err != nil {
			t.Fatal(err)
		}
		for _, command := range d.posted.commands {
			if bytes.Contains(command.Arguments.Encode(), []byte("Jane")) || bytes.Contains(command.Explanation, []byte("Jane")) {
				t.Errorf("%s carries the name", command.Template)
			}
		}
	})
	t.Run("a_charge_says_all_that_its_figures_depend_on", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		if err := d.charge(func(c *campaign.Charge) { c.MinuteAt = midday.Add(-61 * time.Second) }); err != nil {
			t.Fatal(err)
		}
		command := d.posted.commands[0]
		if want := midday.Add(-2 * time.Minute); !command.EffectiveAt.Equal(want) {
			t.Errorf("effective at %s, want the minute of %s", command.EffectiveAt, want)
		}
		if want := "clicks:" + d.ref.ID.String() + ":b"; command.Once != want {
			t.Errorf("once %q, want %q", command.Once, want)
		}
		if zone := command.Arguments.TextOf(campaign.ArgTimeZone); zone != newYork {
			t.Errorf("time zone %q, want the ad account's", zone)
		}
		if command.Arguments.IDOf(campaign.ArgWallet) != d.wallet.ID {
			t.Error("the journal is not the funding wallet's")
		}
		explanation, err := domain.DecodeExplanation(command.Explanation)
		if err != nil || explanation.Rule != "CLICK_CHARGE" || explanation.PolicyVersion != "campaigns/2025-03-01" || explanation.Validate() != nil {
			t.Errorf("explained by %+v, %v", explanation, err)
		}
	})
	t.Run("every_explanation_is_within_its_limits", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		if err := errors.Join(
			d.deposit(func(in *campaign.Deposit) { in.Reference = strings.Repeat(`"`, 128) }), d.create(func(*campaign.Create) {}),
			d.update(func(*campaign.Update) {}), d.setStatus(func(*campaign.SetStatus) {}), d.fund(func(*campaign.Fund) {}),
			d.release(func(*campaign.Release) {}), d.charge(func(c *campaign.Charge) { c.Batch = strings.Repeat(`"`, 128) }),
		); err != nil {
			t.Fatal(err)
		}
		for _, command := range d.posted.commands {
			explanation, err := domain.DecodeExplanation(command.Explanation)
			if err != nil || explanation == nil {
				t.Errorf("%s: %v, %v, want an explanation", command.Template, explanation, err)
				continue
			}
			if err := explanation.Validate(); err != nil || explanation.PolicyVersion == "" {
				t.Errorf("%s: explained by %+v: %v", command.Template, explanation, err)
			}
		}
	})
}
