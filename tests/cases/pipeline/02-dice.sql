-- en: Dice: three lead sources, customers rated A or B when the opportunity was created, July 2025 to June 2026
-- zh: 切块：三种线索来源，创建时评级 A、B 的客户，2025 年 7 月至 2026 年 6 月
select outcome, lead_source, count(*), sum(amount_e4) as amount__e4, count(distinct customer_id)
from opportunity
where lead_source in ('Partner', 'Trade Show', 'Word of mouth') and no_customer is null and rating_then in ('A', 'B')
  and created_date between '2025-07-01' and '2026-06-30'
group by 1, 2
