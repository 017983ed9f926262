package demo

import (
	"time"

	"purser/internal/campaign"
)

// endedShare of the campaigns whose time is over are ended by their owners, who get
// back what is left.
const endedShare = 0.7

// planAdvertising plans all of advertising; nothing in a load without campaigns.
func (g *generator) planAdvertising() error {
	if g.load.Campaigns == 0 {
		return nil
	}
	accounts, err := g.cast()
	if err != nil {
		return err
	}
	var switched []*advert
	for _, a := range accounts {
		g.agenda.plan(a.opensAt, func() error { return g.openAdAccount(a) })
		for _, c := range a.adverts {
			g.planAdvert(c)
			if c.part == partSwitched {
				switched = append(switched, c)
			}
		}
	}
	g.agenda.plan(g.during(sceneSwitchOff), func() error { return g.switchAll(switched, campaign.StatusPaused) })
	g.agenda.plan(g.during(sceneSwitchOn), func() error { return g.switchAll(switched, campaign.StatusEnabled) })
	return nil
}

// planAdvert plans the life of one campaign.
func (g *generator) planAdvert(c *advert) {
	g.agenda.plan(c.createdAt, func() error { return g.create(c) })
	if c.part == partDraft {
		return
	}
	g.becomeAt(c, c.enabledAt(), campaign.StatusEnabled)
	g.planClicks(c, c.schedule.StartsAt)
	if ends := c.schedule.EndsAt; !ends.IsZero() && chance(c.rng, endedShare) {
		g.becomeAt(c, ends.Add(2*time.Hour+milliseconds(c.rng, 2*day)), campaign.StatusEnded)
	}
	g.planScenes(c)
}

func (g *generator) becomeAt(c *advert, at time.Time, status campaign.Status) {
	g.agenda.plan(at, func() error { return g.become(c, status) })
}

// planScenes plans what the campaign's part is about.
func (g *generator) planScenes(c *advert) {
	switch c.part {
	case partEdited:
		g.agenda.plan(g.during(sceneEditFirst), func() error { return g.raise(c) })
		g.agenda.plan(g.during(sceneEditSecond), func() error { return g.double(c) })
	case partPaused:
		g.becomeAt(c, g.during(scenePause), campaign.StatusPaused)
	case partSurging:
		g.agenda.plan(c.surge.Add(-time.Hour), func() error { return g.refill(c) })
	case partEnded:
		g.becomeAt(c, g.during(sceneEnd), campaign.StatusEnded)
	case partReleased:
		g.agenda.plan(g.during(sceneRelease), func() error { return g.release(c) })
	case partArchived:
		g.becomeAt(c, g.during(sceneEndEarly), campaign.StatusEnded)
		g.becomeAt(c, g.during(sceneArchive), campaign.StatusArchived)
	case partOrdinary, partExhausted, partScheduled, partDraft, partSwitched:
	}
}
