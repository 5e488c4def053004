-- en: Special members: opportunities of no campaign, and those that never came to a negotiation
-- zh: 特殊成员：无营销活动的机会与从未进入谈判的机会
select coalesce(no_campaign, campaign_type), cast(strftime('%Y', negotiation_date) as integer), count(*),
       sum(outcome = 'won'), sum(reopened)
from opportunity where negotiation_date is null or strftime('%Y', negotiation_date) = '2026'
group by 1, 2
