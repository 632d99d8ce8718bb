package libtls

import "time"

// AgeTicketKeys makes the ticket keys older, as time does.
func AgeTicketKeys(c *Config, d time.Duration) {
	c.tickets.mu.Lock()
	defer c.tickets.mu.Unlock()
	for i := range c.tickets.keys {
		c.tickets.keys[i].since = c.tickets.keys[i].since.Add(-d)
	}
}
