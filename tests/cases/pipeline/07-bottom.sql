-- en: Bottom-N: the four lead sources with the lowest win rate in existing business
-- zh: 末位排名：老客户业务中赢单率最低的四种线索来源
-- ordered
select lead_source, sum(outcome = 'won') || '/' || sum(outcome in ('won', 'lost')) as win_rate__fraction, count(*)
from opportunity where opportunity_type = 'Existing Business'
group by 1 order by 1.0 * sum(outcome = 'won') / sum(outcome in ('won', 'lost')), 1 limit 4
