-- en: As it is: opportunities by the rating that customers have now
-- zh: 按现状：按客户当前评级的销售机会
select coalesce(no_customer, rating_now), outcome, count(*), sum(amount_e4) as amount__e4, count(distinct customer_id)
from opportunity group by 1, 2
