-- en: Having: customers with at least ten opportunities of which at least half were won, the first 15 by amount
-- zh: 条件：至少十个机会且赢单率不低于一半的客户，金额最高的 15 家
-- ordered
select coalesce(customer_id, '@not_given'), count(*), sum(outcome = 'won'), sum(amount_e4) as amount__e4
from opportunity group by 1
having count(*) >= 10 and sum(outcome = 'won') * 2 >= sum(outcome in ('won', 'lost')) and sum(outcome in ('won', 'lost')) > 0
order by sum(amount_e4) desc limit 15
